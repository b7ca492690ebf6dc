"""Limits for the storage client with which azure-ai-ml uploads code and the context of images.

It makes that client itself, with the defaults of azure-storage-blob: a minute per answer, and pauses of 15 s
and more between four tries, in threads of its own, which `timeouts.time_limit` does not reach. Without a
progress bar it never looks at what became of a file, and waits until it has counted all of them: for ever,
when one could not be uploaded, or when two threads counted at once.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

_PAUSE = 1  # seconds before the second try, one more before the third


def limit_uploads(connect: float, read: float, retries: int) -> None:
    """Give each request of an upload `connect` and `read` seconds, and `retries` more tries.

    It may be repeated.
    """
    storage: Any = importlib.import_module("azure.storage.blob")
    made_by: Any = importlib.import_module("azure.ai.ml._artifacts._blob_storage_helper")
    limits = {
        "connection_timeout": connect,
        "read_timeout": read,
        "retry_policy": storage.LinearRetry(backoff=_PAUSE, retry_total=retries, random_jitter_range=0),
    }

    class LimitedContainer(storage.ContainerClient):
        @classmethod
        def from_container_url(cls, container_url: str, credential: Any = None, **options: Any) -> Any:
            return super().from_container_url(container_url, credential, **(limits | options))

    made_by.ContainerClient = LimitedContainer
    made_by.BlobServiceClient = functools.partial(storage.BlobServiceClient, **limits)
    _end_with_the_first_failure(made_by)


def _end_with_the_first_failure(made_by: Any) -> None:
    assets: Any = importlib.import_module("azure.ai.ml._utils._asset_utils")
    upload_file, upload_directory = assets.upload_file, made_by.upload_directory
    if hasattr(upload_directory, "__wrapped__"):
        return

    @functools.wraps(upload_file)
    def one(storage_client: Any, *args: Any, **options: Any) -> None:
        try:
            upload_file(storage_client, *args, **options)
        except Exception as error:
            storage_client.failure = error
            raise

    @functools.wraps(upload_directory)
    def all_of_them(storage_client: Any, *args: Any, **options: Any) -> None:
        upload_directory(storage_client, *args, **options)  # returns when no thread is at work any more
        if (failure := getattr(storage_client, "failure", None)) is not None:
            raise failure
        storage_client.uploaded_file_count = storage_client.total_file_count

    assets.upload_file, made_by.upload_directory = one, all_of_them
