"""An upload that has arrived in the store, whichever trigger told it."""

from __future__ import annotations

import asyncio
import logging

import azure.durable_functions as df

from activities.services import services
from function_app.accept import accept_upload
from reelbrush.job import BlobRef, starts_job
from reelbrush.job.names import INPUT

log = logging.getLogger("reelbrush.uploads")


async def start_for_upload(starter: df.DurableOrchestrationClient, name: str) -> None:
    """Start `stylize_video` for the blob of that name in `input/`. Told twice, it is still one job.

    A blob that is gone, and one whose name starts no job, are done with. Raises what the next try may cure.
    """
    if not starts_job(name):
        return
    here = await asyncio.to_thread(services)
    source = await asyncio.to_thread(here.store.stat, INPUT, name)
    if source is None:
        log.info("%s was deleted before its job began", name)
        return
    await start_for_source(starter, source)


async def start_for_source(starter: df.DurableOrchestrationClient, source: BlobRef) -> None:
    """Start the job of a blob that is known to be there."""
    here = await asyncio.to_thread(services)
    start = await accept_upload(starter, here.settings, here.store, source)
    log.info("%s %s", start.job.id, "started" if start.started else f"is known already ({start.status})")
