"""Turns a blob into what a blob trigger's parameter is annotated with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient


def blob_argument(annotation: Any, client: BlobClient) -> Any:
    """Return the SDK client itself, a stream of it, or (any other annotation) an InputStream with all bytes.

    An InputStream holds the whole blob in memory, as it does in Azure.
    """
    extension = sys.modules.get("azurefunctions.extensions.bindings.blob")
    if extension is not None and annotation is extension.BlobClient:
        return client
    if extension is not None and annotation is extension.StorageStreamDownloader:
        return client.download_blob()
    from azure.functions.blob import InputStream

    data = client.download_blob().readall()
    return InputStream(
        data=data, name=f"{client.container_name}/{client.blob_name}", uri=client.url, length=len(data)
    )
