"""No single effect is one after which a death hurts: each is tried, with the death before it and after it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.torture.faults.conftest import Undisturbed
from tests.torture.faults.places import Fault, Injector, Place
from tests.torture.faults.play import played_in
from tests.torture.faults.verdict import leaks, losses
from tests.torture.faults.world import MODES, World
from tests.torture.toll import FULL, Toll

_WITHOUT_EFFECT = ("stat", "open", "read_bytes", "read_range", "list", "list_page", "status", "log_tail")


def deaths(places: Sequence[Place]) -> list[Fault]:
    """Return a death before and after every effect of an undisturbed play; of a read only one before."""
    found: list[Fault] = []
    for place in sorted(set(places)):
        if place.who == "cluster" or place.operation == "activity":
            continue
        of_run = place.who.startswith("batch")
        before = Fault(place, "die failed") if of_run else Fault(place, "crash before")
        after = Fault(place, "die failed", amount=1) if of_run else Fault(place, "crash after")
        found += [before] if place.operation in _WITHOUT_EFFECT else [before, after]
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.logs_errors
@pytest.mark.torture("a death before and after every single effect", full=600, slice=6)
def test_a_death_at_any_effect_costs_nothing(toll: Toll, undisturbed: Undisturbed, tmp_path: Path) -> None:
    plans = [(mode, fault) for mode in MODES for fault in deaths(undisturbed.places[mode])]
    step = 1 if FULL else max(1, len(plans) // toll.tries)
    first = toll.seeds()[0]
    struck = 0
    for number in range(first % step, len(plans), step):
        mode, fault = plans[number]
        injector = Injector([fault])
        world = World(tmp_path / str(number), undisturbed.film, mode, injector, 24 * (number % 2))
        played = played_in(world)
        lost, left = losses(world, played, undisturbed.sha256), leaks(played)
        if played.first and played.first[world.job].state != "Succeeded":
            lost.append(f"it {played.first[world.job].state} for a single death")
        if lost:
            toll.lost(f"{number} ({mode}): {fault}: {'; '.join(lost)}")
        elif left:
            toll.leaked(f"{number} ({mode}): {fault}: {'; '.join(left)}")
        else:
            toll.survived()
        struck += len(injector.fired)
        shutil.rmtree(world.folder)
    toll.figure("places", f"{len(plans)} deaths listed, {struck} of those tried struck")
