"""Random faults: a job ends with the right bytes, or with a reason, and leaves nothing behind."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.torture.faults.conftest import Undisturbed
from tests.torture.faults.places import Injector
from tests.torture.faults.play import played_in
from tests.torture.faults.schedule import drawn
from tests.torture.faults.verdict import leaks, losses
from tests.torture.faults.world import World
from tests.torture.toll import Toll


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.logs_errors
@pytest.mark.torture("schedules of random faults in one job", full=520, slice=8)
def test_a_job_survives_random_faults(toll: Toll, undisturbed: Undisturbed, tmp_path: Path) -> None:
    ends, struck, deaths = Counter[str](), Counter[str](), 0
    for seed in toll.seeds():
        schedule = drawn(seed, undisturbed.places)
        injector = Injector(list(schedule.faults))
        world = World(tmp_path / str(seed), undisturbed.film, schedule.mode, injector, schedule.work_hours)
        played = played_in(world)
        lost = losses(world, played, undisturbed.sha256)
        left = leaks(played)
        if lost:
            toll.lost(f"{schedule}: {'; '.join(lost)}")
        elif left:
            toll.leaked(f"{schedule}: {'; '.join(left)}")
        else:
            toll.survived()
        ends.update(end.state for end in played.first.values())
        struck.update(fault.kind for fault in injector.fired)
        deaths += played.deaths
        shutil.rmtree(world.folder)
    toll.figure("ended", ", ".join(f"{count} {state}" for state, count in sorted(ends.items())))
    toll.figure(
        "faults that struck", f"{struck.total()} of {len(struck)} kinds; the host died {deaths} times"
    )
