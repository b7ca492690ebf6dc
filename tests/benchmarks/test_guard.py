"""The guard against getting slower: it holds for this change, and it can fail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ROOT


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The guard's modules; benchmarks find each other beside the command."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from guarded import pair, pairs, record, verdict

    return SimpleNamespace(pair=pair, pairs=pairs, record=record, verdict=verdict)


class Machine:
    """A clock that only the works of a pair move, by what their lists say, the last value over and over."""

    def __init__(self) -> None:
        self.now = 0.0

    def work(self, *seconds: float) -> Callable[[], None]:
        """Return a work whose turns take `seconds`, after one turn that is not measured."""

        def turns() -> Iterator[float]:
            yield 9.0
            yield from seconds
            while True:
                yield seconds[-1]

        left = turns()

        def run() -> None:
            self.now += next(left)

        return run

    def clock(self) -> float:
        return self.now


def judged(guarded: Any, work: list[float], yardstick: list[float], known: float | None) -> Any:
    machine = Machine()
    pair = guarded.pair.Pair("p", "this over that", machine.work(*work), machine.work(*yardstick), 5.0)
    known_ratios = {} if known is None else {"p": known}
    return guarded.verdict.judge([pair], known_ratios, clock=machine.clock)[0]


def test_a_ratio_a_fifth_above_the_record_fails_after_all_turns(guarded: Any) -> None:
    slow = judged(guarded, [1.21], [1.0], 1.0)
    assert not slow.holds and slow.turns == guarded.verdict.MOST_TURNS
    told = "p: this over that is 1.21 after 25 turns, 21 % above the recorded 1"
    assert guarded.verdict.failures([slow]) == [told]
    fine = judged(guarded, [1.19], [1.0], 1.0)
    assert fine.holds and fine.turns == guarded.verdict.TURNS
    assert guarded.verdict.failures([fine]) == []


def test_turns_disturbed_by_others_are_made_up_for_by_more(guarded: Any) -> None:
    verdict = judged(guarded, [1.5] * 9 + [1.05], [1.0], 1.0)
    assert verdict.holds and verdict.turns == 10 and verdict.ratio == pytest.approx(1.05)


def test_load_that_slows_both_slows_neither(guarded: Any) -> None:
    both = [1.0, 2.0, 2.0, 2.0, 2.0]  # the yardstick once ran undisturbed, the work never
    verdict = judged(guarded, [2.0], both, 1.0)
    assert verdict.ratio == pytest.approx(1.0) and verdict.holds


def test_what_was_never_recorded_is_held_against_its_bound(guarded: Any) -> None:
    assert judged(guarded, [4.9], [1.0], None).holds
    beyond = judged(guarded, [5.1], [1.0], None)
    assert guarded.verdict.failures([beyond]) == [
        "p: this over that is 5.1 after 25 turns, beyond the bound 5"
    ]


def test_records_are_kept_by_class_of_machine_and_name(guarded: Any, tmp_path: Path) -> None:
    file, entry = tmp_path / "guard.json", guarded.record.Recorded("2026-01-01", {"av": "18"}, {"a": 1.0})
    guarded.record.record(file, "one", entry)
    guarded.record.record(file, "one", replace(entry, ratios={"b": 2.0}))
    assert guarded.record.recorded(file, "one").ratios == {"a": 1.0, "b": 2.0}
    assert guarded.record.recorded(file, "other") is None
    identity = {"vendor_id": "GenuineIntel", "cpu family": "6", "model": "143"}
    with_amx = guarded.record.machine_class({"flags": ["avx2", "fma", "amx_int8"]}, identity)
    assert with_amx == "GenuineIntel 6 143 avx2 amx_int8"
    assert guarded.record.machine_class({"flags": ["avx2", "fma"]}, identity) != with_amx


def test_the_product_twice_as_slow_is_seen(guarded: Any, tmp_path: Path) -> None:
    """A real pair, recorded here and now, then with the product's share of it done twice."""
    [pair] = guarded.pairs.made(guarded.pairs.Scenes(tmp_path), ["index"])
    before = guarded.verdict.judge([pair], {}, turns=10)[0].ratio
    assert guarded.verdict.judge([pair], {"index": before})[0].holds
    slowed = replace(pair, work=lambda: (pair.work(), pair.work()))
    [verdict] = guarded.verdict.judge([slowed], {"index": before})
    assert not verdict.holds and verdict.turns == guarded.verdict.MOST_TURNS


def test_every_class_that_was_recorded_has_all_pairs(guarded: Any, tmp_path: Path) -> None:
    names = guarded.pairs.makers(guarded.pairs.Scenes(tmp_path)).keys()
    for entry in json.loads(guarded.record.RECORD.read_text()).values():
        assert entry["ratios"].keys() == names


@pytest.mark.slow
@pytest.mark.timeout(600)  # half a minute alone, minutes on a busy machine
def test_nothing_became_slower() -> None:
    """The guard itself: ratios of CPU time against those recorded for this class of machines."""
    command = [sys.executable, ROOT / "benchmarks" / "guard.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)
    print(done.stdout)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
