"""What ended jobs leave goes when the policy says so, not before, whatever happens to the purge."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from activities.services import services
from function_app.api.surface import Surface
from function_app.upkeep import keep_up
from reelbrush.host.clock import ManualClock
from reelbrush.host.rpc import client_binding
from reelbrush.job.names import INPUT, OUTPUT
from reelbrush.store import FolderStore
from tests.torture.load.old_jobs import GONE, SWEPT, WHOLE, OldJob, remember
from tests.torture.load.world import World, served
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(900)  # a busy machine takes its time

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
POLICIES = ((24.0, 30), (0.0, 2), (100.0, 3), (2.0, 1))  # REELBRUSH_WORK_HOURS, REELBRUSH_HISTORY_DAYS
STEPS = (0.0, 0.6, 1.5, 11.0, 26.0, 49.0, 75.0, 24.0 * 31)  # hours, at which the upkeep comes
JOBS = 6  # of one try
CALLS = ("delete", "delete_prefix", "put_bytes")


@pytest.mark.slow
@pytest.mark.torture("purges that break half-way or come twice", full=60, slice=4)
def test_purges_by_policy(toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("reelbrush.upkeep"), "disabled", True)
    for seed in toll.seeds():
        folder = tmp_path / str(seed)
        wrong = asyncio.run(_months(folder, seed))
        toll.lost(f"seed {seed}: {wrong}") if wrong else toll.survived()


async def _months(folder: Path, seed: int) -> str:
    """Play one policy; return what was wrong first."""
    chance = random.Random(seed)
    hours, days = POLICIES[seed % len(POLICIES)]
    jobs = [_job(number, chance, hours, days) for number in range(JOBS)]
    remember(folder / "host", jobs)
    clock = ManualClock(NOW, jump_when_idle=False)  # or the app's own upkeep comes too, at today's date
    policy = {"WORK_HOURS": str(hours), "HISTORY_DAYS": str(days)}
    async with served(folder, clock=clock, look_seconds=3600, **policy) as world:
        for job in jobs:
            job.put(world.store)
        client = df.DurableOrchestrationClient(client_binding(world.host.base_url))
        for hour in STEPS:
            now = NOW + timedelta(hours=hour)
            with pytest.MonkeyPatch.context() as patch:
                _break(patch, chance.randrange(1, 12))
                await keep_up(Surface(client, services(), now))
            wrong = await _too_early(world, jobs, now, hours, days)
            if wrong:
                return f"after {hour} h, broken off: {wrong}"
            to = Surface(client, services(), now)
            await asyncio.gather(*(keep_up(to) for _ in range(chance.choice((1, 2, 3)))))
            await keep_up(to)
            for job in jobs:
                state = job.state(world.store, await world.host.status(job.id) is not None)
                if state != _expected(job, now, hours, days):
                    return f"after {hour} h: {job} is {state}, {_expected(job, now, hours, days)} expected"
        videos = len(list(world.store.list(INPUT))), len(list(world.store.list(OUTPUT)))
        if videos != (JOBS, sum(job.status == "Completed" for job in jobs)):
            return f"sources and outputs left: {videos}"
    return ""


def _job(number: int, chance: random.Random, hours: float, days: int) -> OldJob:
    """Return a job that ended at some time, often close to the limits."""
    limit = chance.choice((0.0, max(hours, 1.0), days * 24.0, days * 12.0))
    # never at a limit to the second
    age = 0.0037 + max(0.05, limit + chance.choice((-0.01, 0.01, -1.0, 1.0, chance.uniform(-20, 20))))
    status = chance.choice(("Completed", "Completed", "Failed", "Terminated", ""))
    return OldJob(f"film-{number:010x}", NOW - timedelta(hours=age), status)


def _expected(job: OldJob, now: datetime, hours: float, days: int) -> str:
    age = now - job.ended
    if age > timedelta(days=days):
        return GONE
    return SWEPT if age > timedelta(hours=max(hours, 1.0)) else WHOLE


async def _too_early(world: World, jobs: list[OldJob], now: datetime, hours: float, days: int) -> str:
    """Return which job lost something that it may keep."""
    for job in jobs:
        state = job.state(world.store, await world.host.status(job.id) is not None)
        expected = _expected(job, now, hours, days)
        blobs = {blob.name for blob in world.store.list("work", job.names.prefix)}
        if (expected == WHOLE and state != WHOLE) or (expected == SWEPT and not blobs >= job.kept):
            return f"{job} is {state}"
    return ""


def _break(patch: pytest.MonkeyPatch, call: int) -> None:
    """Let everything that changes the store fail from that call on."""
    count = 0

    def breaking(usual: Any) -> Any:
        def broken(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count >= call:
                raise OSError("the process dies")
            return usual(*arguments, **named)

        return broken

    for name in CALLS:
        patch.setattr(FolderStore, name, breaking(getattr(FolderStore, name)))
