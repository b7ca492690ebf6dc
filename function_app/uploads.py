"""The blob trigger: an upload starts a job."""

from __future__ import annotations

import os

import azure.durable_functions as df
import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob

from function_app.arrival import start_for_upload

bp = df.Blueprint()


def container_is_scanned() -> bool:
    """Whether the host looks for new blobs itself, as the embedded one does, and waits for no events."""
    return os.environ.get("REELBRUSH_BLOB_SOURCE") == "LogsAndContainerScan"


# Event Grid in Azure (the only source of the Flex plan); the embedded host watches the folder itself.
_SOURCE = func.BlobSource.LOGS_AND_CONTAINER_SCAN if container_is_scanned() else func.BlobSource.EVENT_GRID


@bp.function_name("start_on_upload")
@bp.blob_trigger(arg_name="upload", path="input/{name}", connection="ReelbrushStorage", source=_SOURCE)
@bp.durable_client_input(client_name="starter")
async def start_on_upload(upload: blob.BlobClient, starter: df.DurableOrchestrationClient) -> None:
    """Start `stylize_video` for a new blob in `input/`. Delivered twice, it is still one job."""
    await start_for_upload(starter, str(upload.blob_name))
