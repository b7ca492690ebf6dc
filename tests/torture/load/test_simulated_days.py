"""Days of simulated time in seconds: the real app, host, orchestrations, upkeep and store."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from reelbrush.job import Options, job_id
from reelbrush.job.names import INPUT, WORK
from reelbrush.store import FolderStore
from tests.torture.load.queue_watch import watched_queue
from tests.torture.load.sim_clock import SimulatedClock
from tests.torture.load.sim_cluster import SimulatedCluster
from tests.torture.load.sim_day import STARTS, Happening, happenings, outages
from tests.torture.load.world import World, served, tiny_film
from tests.torture.toll import FULL, Toll

pytestmark = pytest.mark.timeout(900)  # a busy machine takes its time

MAX_JOBS = 8
POLL = 600  # seconds
WORKSPACE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/simulated"
)
LENGTH = timedelta(hours=24 if FULL else 2)  # in which uploads come
LATE = timedelta(seconds=3 * POLL)  # from the end of its run to that of a job, while the cluster can be asked
LONGEST = timedelta(days=3)  # until which everything has ended
PATIENCE = 300.0  # seconds of real time for the host to come to rest


@dataclass
class Day:
    """A day under way."""

    folder: Path
    clock: SimulatedClock
    cluster: SimulatedCluster
    film: bytes
    world: World | None = None
    expected: dict[str, str] = field(default_factory=dict[str, str])  # runtime status, by job
    untold: set[str] = field(default_factory=set[str])
    told: dict[str, str] = field(default_factory=dict[str, str])  # how each job ended
    asked: dict[str, timedelta] = field(default_factory=dict[str, timedelta])
    ended: dict[str, timedelta] = field(default_factory=dict[str, timedelta])
    counts: Counter[str] = field(default_factory=Counter[str])

    @property
    def here(self) -> World:
        """The app, which is running."""
        assert self.world is not None
        return self.world


@pytest.mark.slow
@pytest.mark.torture("jobs of simulated days", full=120, slice=4)
def test_simulated_days(toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    logging.getLogger("reelbrush").setLevel(logging.ERROR)
    try:
        for seed in toll.seeds():
            (tmp_path / str(seed)).mkdir()
            asyncio.run(_day(toll, tmp_path / str(seed), seed))
            if toll.tried >= toll.tries:
                break
    finally:
        logging.getLogger("reelbrush").setLevel(logging.NOTSET)
        monkeypatch.undo()
        time.tzset()


async def _day(toll: Toll, folder: Path, seed: int) -> None:
    film = tiny_film(folder)
    began, computed = time.perf_counter(), time.process_time()
    clock = SimulatedClock(STARTS[seed % len(STARTS)])
    try:
        cluster = SimulatedCluster(FolderStore(folder / "store"), seed, lambda: clock.passed)
        cluster.blind = outages(seed, LENGTH)
        day = Day(folder, clock, cluster, film)
        with watched_queue() as queue:
            await _live(day, happenings(seed, LENGTH))
        _judge(toll, day, seed)
    finally:
        clock.close()
    if queue.at_once() > MAX_JOBS:
        toll.lost(f"seed {seed}: {queue.at_once()} jobs at once")
    late = max(
        day.ended[job] - at - blind(cluster, at, day.ended[job])
        for job, at in cluster.painted.items()
        if job in day.ended
    )
    if late > LATE:
        toll.lost(f"seed {seed}: a job ended {late} after it was painted")
    waits = sorted(day.ended[job] - day.asked[job] for job in day.ended)
    toll.figure(f"day {seed}", f"{len(day.expected)} jobs, {len(day.untold)} of them untold")
    toll.figure(f"day {seed}, upload to end", f"{waits[len(waits) // 2]} in the middle, {waits[-1]} at most")
    toll.figure(f"day {seed}, painted to ended", f"{late} at most")
    toll.figure(f"day {seed}, steps in time", f"{day.counts['steps']}, restarts {day.counts['restart']}")
    toll.figure(f"day {seed}, cluster", f"{cluster.evictions} evictions, {cluster.refusals} calls refused")
    spent, took = time.process_time() - computed, time.perf_counter() - began
    toll.figure(f"day {seed} took", f"{took:.0f} s for {clock.passed}, {spent:.0f} s of computing")


def blind(cluster: SimulatedCluster, since: timedelta, until: timedelta) -> timedelta:
    """Return for how long of that time the cluster could not be asked."""
    parts = [min(last, until) - max(first, since) for first, last in cluster.blind]
    return sum((part for part in parts if part > timedelta()), timedelta())


async def _live(day: Day, script: list[Happening]) -> None:
    script = list(script)
    while True:
        async with AsyncExitStack() as life:
            day.clock.restarted()
            day.world = await life.enter_async_context(
                served(
                    day.folder,
                    clock=day.clock,
                    compute=lambda _: day.cluster,
                    look_seconds=3600,
                    BACKEND="azureml",
                    WORKSPACE=WORKSPACE,
                    MAX_JOBS=str(MAX_JOBS),
                    POLL_SECONDS=str(POLL),
                    BLOB_SOURCE="EventGrid",
                )
            )
            if await _until_restart(day, script):
                return


async def _until_restart(day: Day, script: list[Happening]) -> bool:
    """Live on until the host is to be restarted, or everything has ended: True."""
    while True:
        await _rest(day.clock)
        await _note_ends(day)
        if not script and len(day.ended) == len(day.expected):
            return True
        if day.clock.passed > LONGEST:
            return True
        while script and script[0].at <= day.clock.passed:
            happening = script.pop(0)
            day.counts[happening.kind] += 1
            if happening.kind == "restart":
                return False
            await _happen(day, happening)
        await _rest(day.clock)
        now = day.clock.passed
        moments = [script[0].at] if script else []
        moments += [end for end in (day.cluster.next_end(),) if end is not None]
        due = day.clock.next_due()
        steps = [max(timedelta(), at - now) for at in moments] + ([due] if due is not None else [])
        day.clock.let_pass(min(steps))
        day.counts["steps"] += 1
        await asyncio.to_thread(day.cluster.settle)


async def _happen(day: Day, what: Happening) -> None:
    here = day.here
    if what.kind == "clock":
        day.clock.set_by(what.step)
        return
    if what.kind == "cancel":
        open_jobs = [job for job in day.expected if job not in day.ended and job not in day.untold]
        if open_jobs:
            answer = await here.client.post(f"/api/jobs/{open_jobs[0]}/cancel")
            if answer.status_code == 202:
                day.expected[open_jobs[0]] = "Terminated"
        return
    content = b"no video at all " * 64 if what.kind == "no video" else day.film
    name = f"film-{len(day.expected):04}.mp4"
    here.store.put_bytes(INPUT, name, content)
    at = day.clock.wall().timestamp()
    os.utime(here.store.path(INPUT, name), (at, at))
    source = here.store.stat(INPUT, name)
    assert source is not None
    job = job_id(source, "identity", Options())
    day.expected[job] = "Failed" if what.kind == "no video" else "Completed"
    day.asked[job] = day.clock.passed
    if what.kind == "untold":
        day.untold.add(job)
        return
    answer = await here.client.post("/api/jobs", json={"blob": f"{INPUT}/{name}"})
    assert answer.status_code in (201, 202), answer.text


async def _rest(clock: SimulatedClock) -> None:
    async with asyncio.timeout(PATIENCE):
        pause = 0.0
        while not clock.quiet():
            await asyncio.sleep(pause)
            pause = min(0.01, pause + 0.001)


async def _note_ends(day: Day) -> None:
    """Note which jobs ended; those are asked for whose receipt or mark of the end has come."""
    if day.counts["ended"] == (marks := _marks(day.here.store)):
        return
    day.counts["ended"] = marks
    for job in [job for job in day.expected if job not in day.ended]:
        status = await day.here.host.status(job)
        if status is not None and status.finished:
            day.ended[job] = day.clock.passed
            day.told[job] = (
                f"{status.runtime_status}: {str(status.custom_status)[:400]} {str(status.output)[:400]}"
            )


def _marks(store: FolderStore) -> int:
    return sum(1 for folder in (".ended/", ".swept/") for _ in store.list(WORK, folder))


def _judge(toll: Toll, day: Day, seed: int) -> None:
    outputs = Counter(day.here.outputs())
    for job, expected in day.expected.items():
        wrong = _wrong(day, job, expected, outputs)
        toll.lost(f"seed {seed}, {job}: {wrong}") if wrong else toll.survived()
    for job in outputs.keys() - day.expected.keys():
        toll.lost(f"seed {seed}, {job}: nobody asked for it")


def _wrong(day: Day, job: str, expected: str, outputs: Counter[str]) -> str:
    if job not in day.ended:
        return f"has not ended after {day.clock.passed}"
    if outputs[job] != (expected == "Completed"):
        return f"{outputs[job]} outputs where {expected} was expected: {day.told[job]}"
    return ""
