"""One process, many jobs: what it holds at the end is what it held after the first ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import azure.durable_functions as df
import pytest

from activities.services import services
from function_app.api.surface import Surface
from function_app.upkeep import keep_up
from reelbrush.host.rpc import client_binding
from reelbrush.job.names import INPUT, WORK
from tests.torture.load.footprint import KIB, Footprint, slope
from tests.torture.load.world import World, served, tiny_film
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(900)  # a busy machine takes its time

WAVE = 10  # jobs between two measurements
WARM = 0.3  # part of the jobs after which caches are full
ROUNDS = 3  # in which everything is forgotten: marks, segments, history
PER_JOB = 48 * KIB  # of memory that a job may leave behind
MORE = 24 << 20  # bytes by which the memory may differ between any two measurements of a warm process


@pytest.mark.slow
@pytest.mark.torture("jobs of one process, one after another", full=500, slice=30)
def test_nothing_grows_with_the_number_of_jobs(toll: Toll, tmp_path: Path) -> None:
    asyncio.run(_jobs(toll, tmp_path))


async def _jobs(toll: Toll, folder: Path) -> None:
    film = tiny_film(folder)
    measured: list[tuple[float, Footprint]] = []
    async with served(folder, WORK_HOURS="0") as world:
        client = df.DurableOrchestrationClient(client_binding(world.host.base_url))
        for first in range(0, toll.tries, WAVE):
            names = [f"film-{number:04}.mp4" for number in range(first, min(first + WAVE, toll.tries))]
            jobs = [world.upload(name, film) for name in names]
            for job in jobs:
                status = await world.host.wait(job, timeout=600)
                if status.runtime_status == "Completed" and await world.view(job):
                    toll.survived()
                else:
                    toll.lost(f"{job}: {status.runtime_status} {status.custom_status}")
            for name in names:
                world.store.delete(INPUT, name)
            await _forget_all(world, client)
            left = [
                blob.name
                for blob in world.store.list(WORK)
                if not blob.name.startswith((".rates/", ".keys/"))
            ]
            if left:
                toll.leaked(f"after {first + WAVE} jobs: {left[:5]}")
            measured.append((first + WAVE, Footprint.now(folder)))
    judge(toll, measured)


async def _forget_all(world: World, client: df.DurableOrchestrationClient) -> None:
    """Let the upkeep do what it does in the course of a month."""
    to = Surface(client, services(), datetime.now(UTC) + timedelta(days=40))
    for later in range(ROUNDS):
        await keep_up(replace(to, now=to.now + timedelta(hours=later)))


def judge(toll: Toll, measured: list[tuple[float, Footprint]]) -> None:
    """Count what grew from the first measurement of a warm process to the last."""
    warm = measured[int(len(measured) * WARM) :]
    first, last = warm[0][1], warm[-1][1]
    for name, more in (("open_files", 8), ("threads", 8), ("tasks", 3), ("children", 0), ("temporary", 0)):
        before, after = getattr(first, name), getattr(last, name)
        toll.figure(name.replace("_", " "), f"{before} -> {after}")
        if after > before + more:
            toll.leaked(f"{name}: {before} -> {after}")
    per_job = slope([(jobs, footprint.memory) for jobs, footprint in warm])
    toll.figure("memory", f"{first.memory >> 20} -> {last.memory >> 20} MiB, {per_job / KIB:.0f} KiB a job")
    if per_job > PER_JOB and last.memory - first.memory > MORE:
        toll.leaked(f"{per_job / KIB:.0f} KiB of memory a job")
    toll.figure("database", f"{first.database >> 10} -> {last.database >> 10} KiB")
    if last.database > 2 * first.database + (256 << 10):
        toll.leaked(f"database: {first.database} -> {last.database} bytes")
