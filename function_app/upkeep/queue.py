"""The queue: places of jobs that ended without giving theirs away, and jobs that are stuck."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from activities.cancel import open_runs
from activities.marks import note_end
from activities.services import Services
from function_app.api.surface import Surface
from function_app.job_view import decoded
from function_app.upkeep.by_itself import by_itself
from function_app.upkeep.instances import instance, is_active, request_of
from function_app.upkeep.stuck import report_if_stuck
from reelbrush.errors import ComputeError
from reelbrush.job import stamped_job
from reelbrush.job.names import QUEUE, WORK
from reelbrush.telemetry import record_open_jobs

QUEUED = "queued"  # the first phase of a job, before anything else is shown of it
GRACE_MS = 120_000  # a ticket is written before its orchestration starts
AT_ONCE = 2  # instances asked for at the same time; requests of people come first

log = logging.getLogger("reelbrush.upkeep")


async def tend_queue(to: Surface) -> None:
    """Look at the instance of every ticket: all jobs that have begun and not ended have one; count them."""
    tickets = await asyncio.to_thread(lambda: [blob.name for blob in to.services.store.list(WORK, QUEUE)])
    slots = asyncio.Semaphore(AT_ONCE)
    phases = Counter[str]()

    async def look(ticket: str) -> None:
        async with slots:
            await by_itself(ticket, _look(to, ticket, phases))

    await asyncio.gather(*(look(ticket) for ticket in tickets))
    record_open_jobs(phases[QUEUED], phases.total() - phases[QUEUED])


async def _look(to: Surface, ticket: str, phases: Counter[str]) -> None:
    store = to.services.store
    try:
        since, job = stamped_job(ticket)
    except ValueError:
        return
    status = await instance(to, job)
    if status is not None and is_active(status):
        if request_of(status).get("ticket", ticket) == ticket:
            phases[str(decoded(status.custom_status).get("phase", QUEUED))] += 1
            await report_if_stuck(to, job, status)
        elif _is_old(to, since):  # of a request to retry that came second
            await asyncio.to_thread(store.delete, WORK, ticket)
    elif _is_old(to, since):
        await asyncio.to_thread(_stop_runs, to.services, job)
        await asyncio.to_thread(note_end, store, job, [ticket])


def _stop_runs(to: Services, job: str) -> None:
    """Stop what still runs of a job whose orchestration ended without seeing to that.

    Raises ComputeError where a later round may succeed, so that its ticket stays until then.
    """
    try:
        if runs := open_runs(to.store, job):
            to.compute.cancel(job, runs)
    except ComputeError as error:
        if error.retryable:
            raise
        log.warning("the runs of %s, which has ended, could not be stopped: %s", job, error)


def _is_old(to: Surface, since_ms: int) -> bool:
    return to.now.timestamp() * 1000 - since_ms > GRACE_MS
