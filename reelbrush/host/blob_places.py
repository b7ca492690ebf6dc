"""Where a blob trigger's container lives: a folder of this machine, or an Azure (or Azurite) storage
account.
"""

from __future__ import annotations

import logging
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

logger = logging.getLogger(__name__)

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
        self._told: set[str] = set()  # files that are no blobs

    def listing(self, container: str) -> Iterator[FoundBlob]:
        """Yield the files of a container that are not hidden; what is no blob is told of once."""
        yield from self._walk(container, self._root / container, "")

    def find(self, container: str, name: str) -> FoundBlob | None:
        """Return one file, hidden or not; None also for a name that no file can have."""
        try:
            base = (self._root / container).resolve()
            path = base / name
            real = path.resolve() == path and path.is_relative_to(base)  # without '..' and links
            return FoundBlob(container, name, _etag(path.stat())) if real and path.is_file() else None
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
            reason = "it is a symbolic link" if entry.is_symlink() else _unusable(entry.name)
            if reason:
                self._tell(entry.path, reason)
                continue
            try:
                if entry.is_dir():
                    yield from self._walk(container, Path(entry.path), f"{prefix}{entry.name}/")
                elif entry.is_file():
                    status = entry.stat()
                    whole = time.time_ns() - status.st_mtime_ns > WHOLE_SECONDS * 1e9
                    yield FoundBlob(container, prefix + entry.name, _etag(status), whole)
            except FileNotFoundError:
                continue

    def _tell(self, path: str, reason: str) -> None:
        if path not in self._told:
            self._told.add(path)
            logger.warning("%r is no blob and starts nothing: %s", path, reason)


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


def _unusable(name: str) -> str:
    """Return why a file of this name can be no blob, "" where it can; see `FolderStore.path`."""
    if "\\" in name:
        return "its name has a backslash"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not in UTF-8"
    return ""
