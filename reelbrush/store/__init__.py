"""Where blobs live: a folder, or Azure Blob Storage. Both keep the same promises.

A blob appears whole or not at all; readers are seekable and read by ranges; an ETag changes with the content.
"""

from __future__ import annotations

from reelbrush.store.account import BlobStore
from reelbrush.store.folder import FolderStore, folder_etag
from reelbrush.store.opening import open_store
from reelbrush.store.port import Page, Store
from reelbrush.store.range_reader import READ_AHEAD
from reelbrush.store.reading import DAMAGED, damaged, read_if_there, read_object_if_there

__all__ = [
    "DAMAGED",
    "READ_AHEAD",
    "BlobStore",
    "FolderStore",
    "Page",
    "Store",
    "damaged",
    "folder_etag",
    "open_store",
    "read_if_there",
    "read_object_if_there",
]
