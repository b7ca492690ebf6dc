"""What a torture test tells: how much was tried, survived, lost and leaked. `poe torture` prints all of it.

A test is marked `@pytest.mark.torture("what is tried", full=500, slice=40)` and takes the fixture `toll`:

    for seed in toll.seeds():  # `slice` of them with the other tests, `full` of them in `poe torture`
        toll.survived() if ... else toll.lost(f"seed {seed}: job stuck in scoring")

*Lost* is whatever a user would miss: a frame, a job, a reason. *Leaked* is what got out or stayed behind: a
byte to the wrong reader, a process, memory. Either fails the test, at its end, with all of them.
"""

from __future__ import annotations

import os
import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

FULL = os.environ.get("REELBRUSH_TORTURE") == "full"  # read before tests hide the machine's settings
_FIRST_SEED = int(os.environ.get("REELBRUSH_TORTURE_SEED", "1"))
_FULL_SECONDS = 3600  # that one test may take
_SHOWN = 12  # losses of one test that are told
_PROPERTY = "torture"


@dataclass
class Toll:
    """Counts of one test."""

    title: str
    tries: int  # that this test has to make at least, >= 1
    tried: int = 0
    losses: list[str] = field(default_factory=list[str])
    leaks: list[str] = field(default_factory=list[str])
    figures: dict[str, str] = field(default_factory=dict[str, str])

    def seeds(self) -> range:
        """Return one seed for each try; REELBRUSH_TORTURE_SEED moves them."""
        return range(_FIRST_SEED, _FIRST_SEED + self.tries)

    def survived(self, times: int = 1) -> None:
        """Count tries that ended as promised."""
        self.tried += times

    def lost(self, what: str) -> None:
        """Count a try after which something is missing, wrong, stuck or unexplained."""
        self.tried += 1
        self.losses.append(what)

    def leaked(self, what: str) -> None:
        """Count a try after which something got out or stayed behind."""
        self.tried += 1
        self.leaks.append(what)

    def figure(self, name: str, value: str) -> None:
        """Tell a measured number with its unit, to be shown below the table."""
        self.figures[name] = value


@pytest.fixture
def toll(request: pytest.FixtureRequest) -> Iterator[Toll]:
    """The counts of this test; it fails at its end when anything was lost or leaked, or too little tried."""
    mark = request.node.get_closest_marker("torture")
    assert mark is not None, "a test that takes `toll` is marked `torture`"
    counts = Toll(mark.args[0], mark.kwargs.get("full", 1) if FULL else mark.kwargs.get("slice", 1))
    began = _computed()
    yield counts
    spent = _computed() - began
    row = (counts.title, counts.tried, len(counts.losses), len(counts.leaks), counts.figures, spent)
    request.node.user_properties.append((_PROPERTY, row))
    told = [f"lost: {what}" for what in counts.losses[:_SHOWN]]
    told += [f"leaked: {what}" for what in counts.leaks[:_SHOWN]]
    assert not told, "\n".join(told)
    if not getattr(request.node, "torture_failed", False):
        assert counts.tried >= counts.tries, f"{counts.tried} of {counts.tries} were tried"


def _computed() -> float:
    """Return the seconds that this process, and all of its children that have ended, have computed."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@dataclass
class _Row:
    tried: int = 0
    lost: int = 0
    leaked: int = 0
    seconds: float = 0.0
    figures: dict[str, str] = field(default_factory=dict[str, str])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the long tests of `poe torture` their time."""
    for item in items if FULL else ():
        if item.get_closest_marker("torture"):
            item.add_marker(pytest.mark.timeout(_FULL_SECONDS), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Let the fixture know that the test itself failed, so that it does not hide why."""
    report = yield
    if report.when == "call" and report.failed:
        item.torture_failed = True  # type: ignore[attr-defined]
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table: one row for each marked test, parametrised ones together."""
    rows: dict[tuple[str, str], _Row] = {}
    failed: set[str] = set()
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "failed", False):
            failed.add(report.nodeid)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", "") != "teardown":
            continue
        for name, value in report.user_properties:
            if name == _PROPERTY:
                title, tried, lost, leaked, figures, seconds = value
                row = rows.setdefault((title, report.nodeid.partition("[")[0]), _Row())
                row.tried += tried
                row.lost += lost + (report.nodeid in failed and not lost + leaked)
                row.leaked += leaked
                row.seconds += seconds
                row.figures |= figures
    if not rows:
        return
    write = terminalreporter.write_line
    write(f"\ntorture, {'in full' if FULL else 'a slice'} (first seed {_FIRST_SEED})\n")
    write("| what | tried | survived | lost | leaked | test |")
    write("|---|---|---|---|---|---|")
    for (title, test), row in sorted(rows.items(), key=lambda item: item[0][1]):
        survived = max(0, row.tried - row.lost - row.leaked)
        write(f"| {title} | {row.tried} | {survived} | {row.lost} | {row.leaked} | `{test}` |")
    places = Counter[str]()
    for (_, test), row in rows.items():
        places[test.partition("::")[0].rpartition("/")[0]] += round(row.seconds)
    spent = ", ".join(f"{place} {seconds}" for place, seconds in sorted(places.items()))
    write(f"\nseconds of computing: {spent}\n")
    for (title, _), row in sorted(rows.items(), key=lambda item: item[0][1]):
        for name, value in row.figures.items():
            write(f"- {title}: {name} {value}")
