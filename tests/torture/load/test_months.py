"""Months of history in one database, and the scorer's processes: nothing stays behind."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from reelbrush.compute import RunRequest
from reelbrush.compute.local import LocalCompute
from reelbrush.host.clock import ManualClock
from reelbrush.host.functions import FunctionTable
from reelbrush.host.management import Management
from reelbrush.host.payload_lint import PayloadLint
from reelbrush.host.storage import LOG_BYTES, Storage
from reelbrush.host.task_hub import TaskHub
from reelbrush.job import BatchState
from tests.scoring.jobs import make_clip, prepare
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(900)  # a busy machine takes its time

HISTORY = timedelta(days=30)
PER_DAY = 10
EVENTS = 60  # of one job, in its last execution
PAYLOAD = "x" * 400
PATIENCE = 300.0  # seconds


@pytest.mark.torture("jobs of months in one database", full=10_000, slice=1000)
def test_a_database_of_months_stays_as_large_as_one_of_two(toll: Toll, tmp_path: Path) -> None:
    storage, clock = Storage(tmp_path), ManualClock(datetime(2026, 1, 1, tzinfo=UTC), jump_when_idle=False)
    hub = TaskHub(storage, clock)
    management = Management(hub, FunctionTable(()), PayloadLint())
    living: list[tuple[int, str]] = []
    sizes: list[int] = []
    for number in range(toll.tries):
        job = f"film-{number:010x}"
        with storage.transaction():
            hub.create(job, "stylize_video", PAYLOAD)
            rows = [(job, index, PAYLOAD) for index in range(EVENTS)]
            storage.write_many("insert into history values(?,?,?)", rows)
            hub.finish(job, "Completed", PAYLOAD)
        living.append((clock.now(), job))
        if number % PER_DAY == PER_DAY - 1:
            clock.advance(timedelta(days=1))
            oldest = clock.now() - HISTORY // timedelta(microseconds=1)
            due = [old for at, old in living if at < oldest]
            living = [(at, young) for at, young in living if at >= oldest]
            if management.purge(due) != len(due):
                toll.lost(f"of {len(due)} jobs some could not be purged")
            storage.fold()
            files = [tmp_path / "host.db", tmp_path / "host.db-wal"]
            sizes.append(sum(file.stat().st_size for file in files))
    (left,) = storage.row("select count(*) from instance") or (0,)
    assert left == len(living)
    for table in ("history", "inbox", "work"):
        (stray,) = storage.row(
            f"select count(*) from {table} where instance not in (select id from instance)"
        ) or (-1,)
        if stray:
            toll.leaked(f"{stray} rows of {table} belong to nobody")
    storage.close()
    flat = max(sizes[: len(sizes) // 2])
    if max(sizes) > flat * 1.1 + LOG_BYTES:
        toll.leaked(f"{flat} bytes became {max(sizes)}")
    toll.survived(toll.tries)
    toll.figure("database after half of the time, at the end", f"{flat >> 10}, {sizes[-1] >> 10} KiB")


@pytest.mark.slow
@pytest.mark.torture("processes of the scorer", full=40, slice=2)
def test_ended_scorers_leave_nothing(toll: Toll, tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4", 12)
    prepared = prepare(tmp_path, tmp_path / "clip.mp4")
    runs = tmp_path / "runs"
    compute = LocalCompute(prepared.store.uri, runs, workers=1, threads=1)
    me = psutil.Process()
    files: list[int] = []
    for attempt in range(1, toll.tries + 1):
        run = prepared.request(attempt=attempt)
        compute.submit(RunRequest(prepared.job.id, run))
        end = time.monotonic() + PATIENCE
        while compute.status(prepared.job.id, [run])[run].state is not BatchState.DONE:
            assert time.monotonic() < end, compute.log_tail(run)
            time.sleep(0.05)
        compute.release(prepared.job.id)
        while me.children(recursive=True) or any(runs.iterdir()):
            assert time.monotonic() < end, (me.children(recursive=True), os.listdir(runs))
            time.sleep(0.05)
        files.append(me.num_fds())
        toll.survived()
    if files[-1] > files[0]:
        toll.leaked(f"open files: {files}")
    toll.figure("open files", f"{files[0]} -> {files[-1]}")
