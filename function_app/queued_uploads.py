"""The queue trigger: an event of an upload in a storage queue starts the same job as the blob trigger.

It is for apps that Event Grid cannot call, and bound only where `REELBRUSH_UPLOADS_QUEUE` names the queue: a
function whose binding names a setting that nobody has set fails whenever the app starts.
"""

from __future__ import annotations

import asyncio
import logging

import azure.durable_functions as df
import azure.functions as func

from activities.services import services
from function_app.arrival import start_for_source
from function_app.upload_event import BLOB_CREATED, BlobEvent, read_message
from reelbrush.job import BlobRef, starts_job
from reelbrush.job.names import INPUT
from reelbrush.store import BlobStore, Store

bp = df.Blueprint()
log = logging.getLogger("reelbrush.uploads")


@bp.function_name("start_on_queued_upload")
@bp.queue_trigger(
    arg_name="message", queue_name="%REELBRUSH_UPLOADS_QUEUE%", connection="AzureWebJobsStorage"
)
@bp.durable_client_input(client_name="starter")
async def start_on_queued_upload(message: func.QueueMessage, starter: df.DurableOrchestrationClient) -> None:
    """Start the jobs of the events in a message. One that cannot be read is raised, and ends as poison."""
    for event in read_message(message.get_body()):
        await _start(event, starter)


async def _start(event: BlobEvent, starter: df.DurableOrchestrationClient) -> None:
    here = await asyncio.to_thread(services)
    if why := _foreign(event, here.store):
        log.info("an event is passed over: %s", why)
        return
    source = await asyncio.to_thread(find_upload, event, here.store)
    if source is None:
        log.info("%s was deleted before its job began", event.names[0])
    elif starts_job(source.name):
        await start_for_source(starter, source)


def _foreign(event: BlobEvent, store: Store) -> str:
    """Return why an event is no upload of this app, or ""."""
    if event.kind != BLOB_CREATED:
        return f"its type is {event.kind}"
    if event.container != INPUT:
        return f"its container is {event.container}"
    ours = str(store.service.account_name) if isinstance(store, BlobStore) else ""
    if ours and event.account and event.account.lower() != ours.lower():
        return f"its account is {event.account}"
    return ""


def find_upload(event: BlobEvent, store: Store) -> BlobRef | None:
    """Return the blob of an event as it is now, None when it is gone.

    Of the names that it may have, the one with the event's ETag counts, else the first: a blob that was
    replaced meanwhile has an event of its own, and both lead to the same job.
    """
    blobs = [store.stat(event.container, name) for name in event.names]
    same = (blob for blob in blobs if blob is not None and blob.etag == event.etag)
    return next(same, blobs[0])
