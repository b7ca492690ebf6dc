"""What becomes of an upload: a job, a job that fails visibly with the reason, or another try."""

from __future__ import annotations

import asyncio
import logging

import azure.durable_functions as df

from function_app.asked import check_size, job_of_upload, plain_job
from function_app.start import Start, start_job
from reelbrush.errors import ReelbrushError
from reelbrush.job import BlobRef
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import Store, read_if_there

TRIES = 5  # of the trigger; as poisonBlobThreshold in host.json, after which the upload would be dropped
_COUNTS = ".tries/"  # begins the names in `work/` of what failed so far

log = logging.getLogger("reelbrush.uploads")


async def accept_upload(
    client: df.DurableOrchestrationClient, settings: Settings, store: Store, source: BlobRef
) -> Start:
    """Start the job of an upload in `input/`; what cannot be served becomes a job that failed.

    What fails for a passing reason is raised, so that the trigger tries again; the last try becomes a failed
    job instead, because nobody looks for uploads in a poison queue.
    """
    try:
        check_size(settings, source)
        job = await asyncio.to_thread(job_of_upload, store, settings, source)
        start = await start_job(client, job, settings, store)
    except ReelbrushError as refusal:
        if refusal.retryable and not await _is_last(settings, store, source):
            raise
        return await _fail(client, settings, store, source, refusal)
    except Exception as failure:
        if not await _is_last(settings, store, source):
            raise
        return await _fail(client, settings, store, source, _never_started(failure))
    await asyncio.to_thread(store.delete, WORK, _count_name(settings, source))
    return start


async def _fail(
    client: df.DurableOrchestrationClient,
    settings: Settings,
    store: Store,
    source: BlobRef,
    error: ReelbrushError,
) -> Start:
    job = plain_job(settings, source)
    log.warning("%s cannot become a job: %s", source.name, error)
    start = await start_job(client, job, settings, store, error=error)
    await asyncio.to_thread(store.delete, WORK, _count_name(settings, source))
    return start


async def _is_last(settings: Settings, store: Store, source: BlobRef) -> bool:
    """Count a failure and return whether the trigger will not try again."""
    return await asyncio.to_thread(_count, store, _count_name(settings, source)) >= TRIES


def _count(store: Store, name: str) -> int:
    tries = int(read_if_there(store, WORK, name) or 0) + 1
    store.put_bytes(WORK, name, str(tries).encode())
    return tries


def _count_name(settings: Settings, source: BlobRef) -> str:
    return f"{_COUNTS}{plain_job(settings, source).id}"


def _never_started(failure: Exception) -> ReelbrushError:
    return ReelbrushError(
        f"the job could not be started in {TRIES} tries: {type(failure).__name__}: {str(failure)[:500]}",
        advice="retry the job, or upload the video again",
        code="not-started",
    )
