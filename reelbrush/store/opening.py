"""Opens the store that a URI names."""

from __future__ import annotations

from pathlib import Path

from reelbrush.errors import StoreError
from reelbrush.store.account import BlobStore
from reelbrush.store.folder import FolderStore
from reelbrush.store.port import Store


def open_store(uri: str) -> Store:
    """Open a store by `folder:/absolute/path`, `https://ACCOUNT.blob...` or `env:NAME`.

    The https form signs in with the environment's identity. The env form reads an Azure Storage connection
    string from environment variable NAME, so that no secret is ever an argument. Raises StoreError.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "folder":
        return FolderStore(Path(rest))
    if scheme == "env" or (scheme == "https" and "?" not in rest):
        return BlobStore(uri)
    # the value is not repeated: it may be a connection string with its key
    raise StoreError(
        "the store setting is of no known kind",
        advice="use folder:/path, https://ACCOUNT.blob.core.windows.net or env:VARIABLE",
        retryable=False,
    )
