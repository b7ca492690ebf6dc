"""Many jobs at once on one machine: the real app, host, orchestrations and store; scoring in threads."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from reelbrush.job.names import OUTPUT
from tests.torture.load.queue_watch import watched_queue
from tests.torture.load.world import World, served, tiny_film
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(900)  # a busy machine takes its time

MAX_JOBS = 4
FRAMES = 4
MORE_BYTES = 160 << 20  # that so many jobs may take beyond the first ones
TRIGGERS = 4  # uploads that are told at the same time (host.json)


@pytest.mark.slow
@pytest.mark.torture("jobs queued at once", full=200, slice=16)
def test_jobs_queued_at_once_all_end_in_order(toll: Toll, tmp_path: Path) -> None:
    asyncio.run(_queue(toll, tmp_path))


async def _queue(toll: Toll, folder: Path) -> None:
    film = tiny_film(folder, FRAMES)
    me = psutil.Process()
    took: list[float] = []
    with watched_queue() as queue:
        async with served(folder, MAX_JOBS=str(MAX_JOBS), POLL_SECONDS="2") as world:
            first = world.upload("first.mp4", film)  # loads what every job needs
            await world.host.wait(first, timeout=120)
            before = most = me.memory_info().rss
            jobs = [world.upload(f"film-{number:04}.mp4", film) for number in range(toll.tries)]
            asking = asyncio.create_task(_ask(world, jobs, took))
            for job in jobs:
                status = await world.host.wait(job, timeout=600)
                most = max(most, me.memory_info().rss)
                if status.runtime_status != "Completed":
                    toll.lost(f"{job}: {status.runtime_status} {status.custom_status}")
                    continue
                wrong = _wrong(world, job)
                toll.lost(f"{job}: {wrong}") if wrong else toll.survived()
            asking.cancel()
            with suppress(asyncio.CancelledError):  # whatever else ended it is told
                await asking
            outputs = Counter(world.outputs())
            for job in (outputs - Counter([first, *jobs])) + (Counter([first, *jobs]) - outputs):
                toll.lost(f"{job}: {outputs[job]} outputs")
            films = {hashlib.sha256(_output(world, job)).hexdigest() for job in outputs}
            assert len(films) == 1, "the same film, but other bytes"
            assert sorted(world.compute.scored) == sorted({*world.compute.scored})
            assert len(world.compute.scored) == len(jobs) + 1
    assert queue.out_of_turn(MAX_JOBS) == []
    assert queue.unlike([first, *jobs]) < 2 * TRIGGERS
    assert queue.at_once() <= MAX_JOBS, queue.seen
    grown = most - before
    if grown > MORE_BYTES:
        toll.leaked(f"{grown >> 20} MiB for {len(jobs)} jobs")
    took.sort()
    toll.figure(
        "status answers, 99th percentile", f"{took[len(took) * 99 // 100] * 1000:.0f} ms of {len(took)}"
    )
    toll.figure("memory beyond that of the first job", f"{grown >> 20} MiB at most")
    toll.figure("worked on at the same time", f"{queue.at_once()} of {MAX_JOBS} at most")


async def _ask(world: World, jobs: list[str], took: list[float]) -> None:
    """Ask for single jobs and for the list, as pages do, and note how long answers took."""
    chance = random.Random(1)
    while True:
        path = f"/api/jobs/{chance.choice(jobs)}" if chance.random() < 0.8 else "/api/jobs?top=50"
        began = time.perf_counter()
        answer = await world.client.get(path)
        took.append(time.perf_counter() - began)
        assert answer.status_code in (200, 404), answer.text
        await asyncio.sleep(max(0.03, 5 * took[-1]))  # a busy machine is not kept busy by questions


def _output(world: World, job: str) -> bytes:
    (blob,) = world.store.list(OUTPUT, f"{job}/")
    return world.store.read_bytes(OUTPUT, blob.name)


def _wrong(world: World, job: str) -> str:
    """Return what is wrong with a job that ended, "" for nothing."""
    receipt = world.receipt(job)
    if receipt["frames"] != FRAMES or receipt["retries"]:
        return f"{receipt['frames']} frames, {receipt['retries']} retries"
    return "" if len(receipt["batches"]) == 1 else f"{len(receipt['batches'])} batches"
