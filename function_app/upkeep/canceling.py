"""Cancellations that somebody began and nobody finished."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from activities.marks import is_canceled, note_end
from function_app.api.surface import Surface
from function_app.upkeep.instances import instance, is_active, request_of
from reelbrush.events import tell
from reelbrush.job.names import CANCELING, WORK

log = logging.getLogger("reelbrush.upkeep")


async def complete_cancellations(to: Surface) -> None:
    """Stop what still runs of canceled jobs, once more, and end their instances."""
    marks = await asyncio.to_thread(lambda: list(to.services.store.list(WORK, CANCELING)))
    for mark in marks:
        await _complete(to, mark.name.removeprefix(CANCELING))


async def _complete(to: Surface, job: str) -> None:
    store = to.services.store
    status = await instance(to, job)
    if await asyncio.to_thread(is_canceled, store, job):  # else it was retried since
        await asyncio.to_thread(to.services.compute.cancel, job)
        if status is not None and is_active(status):
            with contextlib.suppress(
                Exception
            ):  # it may end meanwhile; the next round sees what became of it
                await to.client.terminate(job, "canceled")
            retry = int(request_of(status).get("retry", 0))
            await asyncio.to_thread(tell, store, to.services.settings, job, "cancelled", {}, retry)
            log.warning("the cancellation of %s had not come to its end", job)
            return  # looked at again in a minute
        await asyncio.to_thread(note_end, store, job)
    await asyncio.to_thread(store.delete, WORK, f"{CANCELING}{job}")
