"""Limits for the storage client with which azure-ai-ml uploads code and the context of images.

It makes that client itself, with the defaults of azure-storage-blob: a minute per answer, and pauses of 15 s
and more between four tries, in threads of its own, which `timeouts.time_limit` does not reach.
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
