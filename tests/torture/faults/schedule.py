"""A schedule: which faults strike where, drawn by a seed from the places that an undisturbed play passes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.torture.faults.places import Fault, Place
from tests.torture.faults.ports import CRASHES, DEATHS

HOURS = 3600.0
PEOPLE = ("cancel", "retry", "told again", "uploaded again", "deleted", "truncated")
BROKEN = ("error before", "error after", "503", "broken off")
SHORT, LONG = (1, 1, 1, 2), (6, 15, 40)  # calls that an outage lasts

_WRITE_KINDS = (*CRASHES, *BROKEN, "refused", "disk full", "half", "slow")
_READ_KINDS = ("crash before", *BROKEN, "refused", "slow")
_RUN_KINDS = (*DEATHS, *DEATHS, *BROKEN, "refused", "pause", "zombie", "zombie", "hang")
_KINDS: dict[str, tuple[str, ...]] = {
    "app writes": _WRITE_KINDS,
    "app reads": _READ_KINDS,
    "app asks": (*CRASHES, *BROKEN, "refused", "slow"),
    "run writes": (*_RUN_KINDS, "disk full"),
    "run reads": _RUN_KINDS,
    "commits": CRASHES,
    "activities": ("twice", "at once", "late again", "held", "answer lost"),
    "runs": ("queued long", "forgotten", "twice", "no node"),
}
_ASKS = ("submit", "status", "cancel", "release", "waiting", "log_tail")


@dataclass(frozen=True)
class Schedule:
    """What goes wrong in one play."""

    seed: int
    mode: str  # of the world
    work_hours: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"seed {self.seed} ({self.mode}, work kept {self.work_hours} h): " + " ".join(
            map(str, self.faults)
        )


def drawn(seed: int, catalogue: dict[str, Sequence[Place]]) -> Schedule:
    """Return the schedule of a seed; `catalogue` has the places of an undisturbed play by mode."""
    draw = random.Random(seed)
    mode = draw.choice(sorted(catalogue))
    groups: dict[str, list[Place]] = {name: [] for name in _KINDS}
    for place in sorted(set(catalogue[mode])):
        groups[_group(place)].append(place)
    count = draw.choice((1, 1, 2, 2, 3, 4, 6))
    faults = tuple(_fault(draw, groups) for _ in range(count))
    return Schedule(seed, mode, draw.choice((0, 24)), faults)


def _fault(draw: random.Random, groups: dict[str, list[Place]]) -> Fault:
    group = draw.choice([name for name, places in groups.items() if places])
    place = draw.choice(groups[group])
    kinds = _KINDS[group]
    if group in ("app writes", "app reads", "app asks", "run writes") and draw.random() < 0.2:
        return Fault(place, draw.choice(PEOPLE), amount=round(draw.random(), 3))
    if place.operation == "open":
        kinds = (*kinds, "torn", "torn")
    if place.operation in ("list", "status"):
        kinds = (*kinds, "stale", "stale")
    if place.operation in ("submit", "cancel", "release"):
        kinds = (*kinds, "twice")
    kind = draw.choice(kinds)
    return Fault(place, kind, _times(draw, kind), _amount(draw, kind))


def _times(draw: random.Random, kind: str) -> int:
    if kind in (*BROKEN, "disk full"):
        return draw.choice(SHORT if draw.random() < 0.7 else LONG)
    return draw.choice((1, 1, 3)) if kind == "stale" else 1


def _amount(draw: random.Random, kind: str) -> float:
    if kind in CRASHES:  # the clock of the next process may be behind
        return draw.choice((0.0, 0.0, 0.0, 90.0, 3 * HOURS))
    if kind == "slow":
        return draw.choice((5.0, 600.0, 3 * HOURS, 30 * HOURS))
    if kind in DEATHS:
        return float(draw.randint(0, 1))
    if kind in ("pause", "queued long", "no node"):
        return float(draw.choice((1, 3, 12, 40)))
    return 0.0


def _group(place: Place) -> str:
    if place.who == "host":
        return "commits" if place.operation == "commit" else "activities"
    if place.who == "cluster":
        return "runs"
    if place.operation in _ASKS:
        return "app asks"
    verb = "writes" if place.operation.startswith(("put", "delete")) else "reads"
    return f"{'app' if place.who == 'app' else 'run'} {verb}"
