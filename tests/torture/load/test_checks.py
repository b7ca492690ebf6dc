"""What the tests of load look with sees what it is there for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reelbrush.job.names import INDEX, WORK
from reelbrush.store import FolderStore
from tests.torture.load.footprint import Footprint, slope
from tests.torture.load.old_jobs import SWEPT, WHOLE, OldJob
from tests.torture.load.queue_watch import QueueWatch
from tests.torture.load.sim_clock import SimulatedClock
from tests.torture.load.test_flat import judge
from tests.torture.toll import Toll

BASE = Footprint(200 << 20, 20, 15, 8, 0, 400 << 10, 0)


def test_an_admission_out_of_turn_is_seen() -> None:
    tickets = {"a": 1, "b": 2, "c": 3}
    right = QueueWatch([("in", "a"), ("in", "b"), ("out", "a"), ("in", "c")], tickets)
    assert (right.out_of_turn(2), right.at_once(), right.unlike(["a", "b", "c"])) == ([], 2, 0)
    early = QueueWatch([("in", "a"), ("in", "b"), ("in", "c")], tickets)
    assert (early.out_of_turn(2), early.at_once()) == (["c: 2 ahead"], 3)
    assert early.unlike(["c", "b", "a"]) == 2


@pytest.mark.parametrize(
    ("growth", "leaks"),
    [
        ({}, 0),
        ({"memory": 100 << 10}, 1),
        ({"open_files": 1}, 1),
        ({"threads": 1}, 1),
        ({"tasks": 1}, 1),
        ({"children": 1}, 1),
        ({"temporary": 1}, 1),
        ({"database": 8 << 10}, 1),
    ],
)
def test_growth_is_seen(growth: dict[str, int], leaks: int) -> None:
    toll = Toll("", 500)
    measured = [
        (
            float(jobs),
            replace(BASE, **{name: getattr(BASE, name) + more * jobs for name, more in growth.items()}),
        )
        for jobs in range(10, 510, 10)
    ]
    judge(toll, measured)
    assert len(toll.leaks) == leaks, toll.leaks


def test_a_slope_is_what_one_more_adds() -> None:
    assert slope([(1, 5.0), (2, 7.0), (3, 9.0)]) == pytest.approx(2) and slope([(1, 5.0)]) == 0


def test_a_job_that_was_purged_in_part_is_seen(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    job = OldJob("film-0123456789", datetime(2026, 1, 1, tzinfo=UTC), "Completed")
    job.put(store)
    assert job.state(store, known=True) == WHOLE
    store.delete(WORK, job.names.manifest)
    assert job.state(store, known=True) not in (WHOLE, SWEPT)
    for name in job.work:
        store.delete(WORK, name)
    assert job.state(store, known=True) == SWEPT
    assert job.state(store, known=False) != SWEPT
    store.delete_prefix(WORK, INDEX)
    assert job.state(store, known=True) != SWEPT


def test_a_simulated_wall_clock_is_set_and_time_goes_on() -> None:
    clock = SimulatedClock(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    try:
        before = clock.now()
        clock.set_by(timedelta(hours=-1))
        clock.let_pass(timedelta(seconds=5))
        assert clock.now() - before == 5_000_000
        assert datetime.now(UTC) == datetime(2026, 3, 28, 23, 30, 5, tzinfo=UTC)
    finally:
        clock.close()
