"""Reading what may not be there."""

from __future__ import annotations

from reelbrush.errors import StoreError
from reelbrush.store.port import Store


def read_if_there(store: Store, container: str, name: str) -> bytes | None:
    """Return a small blob whole, None when there is none. Raises StoreError when the store cannot tell."""
    try:
        return store.read_bytes(container, name)
    except StoreError as error:
        if error.code != "blob-missing":
            raise
        return None
