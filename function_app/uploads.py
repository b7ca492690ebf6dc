"""The blob trigger: an upload starts a job."""

from __future__ import annotations

import asyncio
import logging
import os

import azure.durable_functions as df
import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob

from activities.services import services
from function_app.accept import accept_upload
from reelbrush.job import BlobRef, starts_job

bp = df.Blueprint()
log = logging.getLogger("reelbrush.uploads")

# Event Grid in Azure (the only source of the Flex plan); the embedded host watches the folder itself.
_SOURCE = (
    func.BlobSource.LOGS_AND_CONTAINER_SCAN
    if os.environ.get("REELBRUSH_BLOB_SOURCE") == "LogsAndContainerScan"
    else func.BlobSource.EVENT_GRID
)


@bp.function_name("start_on_upload")
@bp.blob_trigger(arg_name="upload", path="input/{name}", connection="ReelbrushStorage", source=_SOURCE)
@bp.durable_client_input(client_name="starter")
async def start_on_upload(upload: blob.BlobClient, starter: df.DurableOrchestrationClient) -> None:
    """Start `stylize_video` for a new blob in `input/`. Delivered twice, it is still one job."""
    from azure.core.exceptions import ResourceNotFoundError

    name = str(upload.blob_name)
    if not starts_job(name):
        return
    try:
        properties = await asyncio.to_thread(upload.get_blob_properties)
    except ResourceNotFoundError:
        log.info("%s was deleted before its job began", name)
        return
    source = BlobRef(str(upload.container_name), name, str(properties.etag).strip('"'), int(properties.size))
    here = await asyncio.to_thread(services)
    start = await accept_upload(starter, here.settings, here.store, source)
    log.info("%s %s", start.job.id, "started" if start.started else f"is known already ({start.status})")
