"""Cancellations that somebody began and nobody finished."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from activities.cancel import open_runs, tell_canceled
from activities.marks import forget_canceling, is_canceled, note_end
from function_app.api.surface import Surface
from function_app.upkeep.by_itself import by_itself
from function_app.upkeep.instances import instance, is_active, request_of
from reelbrush.job.names import CANCELING, WORK

log = logging.getLogger("reelbrush.upkeep")


async def complete_cancellations(to: Surface) -> None:
    """Stop what still runs of canceled jobs, once more, and end their instances."""
    marks = await asyncio.to_thread(lambda: list(to.services.store.list(WORK, CANCELING)))
    for mark in marks:
        job = mark.name.removeprefix(CANCELING)
        await by_itself(f"canceling {job}", _complete(to, job))


async def _complete(to: Surface, job: str) -> None:
    store = to.services.store
    status = await instance(to, job)
    if await asyncio.to_thread(is_canceled, store, job):  # else it was not decided, or retried since
        active = is_active(status)
        if active:
            with contextlib.suppress(
                Exception
            ):  # it may end meanwhile; the next round sees what became of it
                await to.client.terminate(job, "canceled")
            log.warning("the cancellation of %s had not come to its end", job)
        retry = int(request_of(status).get("retry", 0)) if status is not None else 0
        await asyncio.to_thread(tell_canceled, to.services, job, retry)
        # last, since a cluster that cannot be asked must not keep the rest back
        runs = await asyncio.to_thread(open_runs, store, job)
        await asyncio.to_thread(to.services.compute.cancel, job, runs)
        if active:
            return  # looked at again in a minute
        await asyncio.to_thread(note_end, store, job)
    await asyncio.to_thread(forget_canceling, store, job)
