"""Where a blob trigger's container lives: a folder of this machine, or an Azure (or Azurite) storage
account.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reelbrush.host.outage import ONE_TRY
from reelbrush.store import folder_etag

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient


# A file that has not changed for so long is not being written: writing moves its time of change, and what
# keeps the time of a copied file (cp -p, tar, unzip, scp -p) sets it behind the last byte.
WHOLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class FoundBlob:
    """A blob as a listing shows it; `etag` has no quotes around it.

    `whole` tells that nobody is writing it any more; otherwise another look is needed to know.
    """

    container: str
    name: str
    etag: str
    whole: bool = field(default=False, compare=False)


class BlobPlace(Protocol):
    """A set of containers that can be watched."""

    def listing(self, container: str) -> Iterator[FoundBlob]:
        """Yield the container's blobs, in the order of their names; nothing if there is no such container."""
        ...

    def find(self, container: str, name: str) -> FoundBlob | None:
        """Return one blob, or None."""
        ...

    def client(self, container: str, name: str) -> BlobClient:
        """Return the SDK's client for one blob."""
        ...


class FolderPlace:
    """Containers as the folders directly below `root`, blobs as the files in them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def listing(self, container: str) -> Iterator[FoundBlob]:
        """Yield the files of a container that are not hidden."""
        yield from self._walk(container, self._root / container, "")

    def find(self, container: str, name: str) -> FoundBlob | None:
        """Return one file, hidden or not; None also for a name that no file can have."""
        try:
            path = (self._root / container / name).resolve()
            inside = path.is_relative_to((self._root / container).resolve())
            return FoundBlob(container, name, _etag(path.stat())) if inside and path.is_file() else None
        except (OSError, ValueError):  # gone meanwhile; too long, or with a zero byte
            return None

    def client(self, container: str, name: str) -> BlobClient:
        """Return a real BlobClient that reads the file."""
        from reelbrush.host.blob_transport import folder_blob

        return folder_blob(self._root, container, name)

    def _walk(self, container: str, folder: Path, prefix: str) -> Iterator[FoundBlob]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            # Hidden names, '.tmp' among them, are files on their way to their final name.
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(container, Path(entry.path), f"{prefix}{entry.name}/")
                elif entry.is_file():
                    status = entry.stat()
                    whole = time.time_ns() - status.st_mtime_ns > WHOLE_SECONDS * 1e9
                    yield FoundBlob(container, prefix + entry.name, _etag(status), whole)
            except FileNotFoundError:
                continue


class AccountPlace:
    """Containers of a storage account, by connection string, or by https address and own identity.

    `service` is the SDK's client of the account.
    """

    def __init__(self, connection: str) -> None:
        from azure.storage.blob import BlobServiceClient

        if connection.startswith("https://"):
            from azure.identity import DefaultAzureCredential

            self.service = BlobServiceClient(connection, credential=DefaultAzureCredential())
        else:
            self.service = BlobServiceClient.from_connection_string(connection)

    def listing(self, container: str) -> Iterator[FoundBlob]:
        """Yield the container's blobs page by page. Raises the SDK's error of the first failure."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            for blob in self.service.get_container_client(container).list_blobs(**ONE_TRY):
                # an account shows blobs that are committed, never parts of them
                yield FoundBlob(container, blob.name, str(blob.etag).strip('"'), whole=True)
        except ResourceNotFoundError:
            return

    def find(self, container: str, name: str) -> FoundBlob | None:
        """Ask the account for one blob's properties. Raises the SDK's error of the first failure."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            properties = self.client(container, name).get_blob_properties(**ONE_TRY)
        except ResourceNotFoundError:
            return None
        return FoundBlob(container, name, str(properties.etag).strip('"'))

    def client(self, container: str, name: str) -> BlobClient:
        """Return the SDK's client for one blob."""
        return self.service.get_blob_client(container, name)


def _etag(status: os.stat_result) -> str:
    return folder_etag(status.st_size, status.st_mtime_ns)
