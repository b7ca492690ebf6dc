"""Reading what may not be there, or not be what it should be."""

from __future__ import annotations

import json
from typing import Any, cast

from reelbrush.errors import StoreError
from reelbrush.store.port import Store

DAMAGED = "damaged"  # code of the error of a blob that holds what the product never wrote


def read_if_there(store: Store, container: str, name: str) -> bytes | None:
    """Return a small blob whole, None when there is none. Raises StoreError when the store cannot tell."""
    try:
        return store.read_bytes(container, name)
    except StoreError as error:
        if error.code != "blob-missing":
            raise
        return None


def read_object_if_there(store: Store, container: str, name: str) -> dict[str, Any] | None:
    """Return the JSON object of a small blob, None when there is no such blob or it holds anything else.

    Raises StoreError when the store cannot tell.
    """
    text = read_if_there(store, container, name)
    if text is None:
        return None
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def damaged(container: str, name: str, why: str) -> StoreError:
    """Return the error of a blob of ours that holds what the product never wrote."""
    return StoreError(
        f"the blob {container}/{name} is damaged: {why[:300]}",
        advice="retry the job, or upload the video again",
        retryable=False,
        code=DAMAGED,
    )
