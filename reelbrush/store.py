"""Where blobs live: a folder, or Azure Blob Storage. Both keep the same promises.

A blob appears whole or not at all; readers are seekable and read by ranges; an ETag changes with the content.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from reelbrush.errors import StoreError
from reelbrush.job import BlobRef

READ_AHEAD = 1 << 20  # bytes fetched by one range read of a remote blob
_TEMPORARY = ".tmp"


class Store(Protocol):
    """Containers of named blobs. Names use '/' between folders; they are never paths of this machine."""

    @property
    def uri(self) -> str:
        """What `open_store` needs to open this store again in another process; holds no secret."""
        ...

    def stat(self, container: str, name: str) -> BlobRef | None:
        """Return size and ETag of a blob, or None when there is none."""
        ...

    def open(self, container: str, name: str) -> BinaryIO:
        """Return a new seekable reader. Raises StoreError when the blob is missing."""
        ...

    def read_bytes(self, container: str, name: str) -> bytes:
        """Return a small blob whole. Raises StoreError when it is missing."""
        ...

    def put_bytes(self, container: str, name: str, data: bytes) -> None:
        """Write a small blob atomically, replacing any other of this name."""
        ...

    def put_file(self, container: str, name: str, path: Path, *, link: bool = False) -> None:
        """Upload a file atomically. With `link` a folder store may share its bytes instead of copying."""
        ...

    def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
        """Yield all blobs whose name begins with `prefix`, in order of name."""
        ...

    def delete(self, container: str, name: str) -> None:
        """Delete a blob; deleting a missing one is no error."""
        ...

    def delete_prefix(self, container: str, prefix: str) -> None:
        """Delete all blobs whose name begins with `prefix`."""
        ...


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


def folder_etag(size: int, mtime_ns: int) -> str:
    """Return the ETag of a file in a folder store: 16 hex digits that change with size or time of change."""
    return hashlib.sha256(f"{size}:{mtime_ns}".encode()).hexdigest()[:16]


class FolderStore:
    """Blobs as files `<root>/<container>/<name>`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def uri(self) -> str:
        """See `Store.uri`."""
        return f"folder:{self.root}"

    def path(self, container: str, name: str) -> Path:
        """Return the file of a blob. Raises StoreError for a name that would leave the container."""
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in [container, *parts]):
            raise StoreError(
                f"{name!r} cannot be a blob name in a folder store",
                advice="use a name without empty, '.' or '..' parts",
                retryable=False,
                code="bad-name",
            )
        if any(len(part.encode("utf-8", "surrogatepass")) > 255 for part in parts):
            raise StoreError(
                f"a part of the blob name {name[:60]!r}... is longer than 255 bytes",
                advice="shorten the name",
                retryable=False,
                code="bad-name",
            )
        return self.root.joinpath(container, *parts)

    def stat(self, container: str, name: str) -> BlobRef | None:
        """See `Store.stat`."""
        try:
            status = self.path(container, name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return BlobRef(container, name, folder_etag(status.st_size, status.st_mtime_ns), status.st_size)

    def open(self, container: str, name: str) -> BinaryIO:
        """See `Store.open`."""
        try:
            return self.path(container, name).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise _missing(container, name) from None

    def read_bytes(self, container: str, name: str) -> bytes:
        """See `Store.read_bytes`."""
        with self.open(container, name) as reader:
            return reader.read()

    def put_bytes(self, container: str, name: str, data: bytes) -> None:
        """See `Store.put_bytes`."""
        target, temporary = self._targets(container, name)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)

    def put_file(self, container: str, name: str, path: Path, *, link: bool = False) -> None:
        """See `Store.put_file`."""
        target, temporary = self._targets(container, name)
        if not (link and _hard_link(path, temporary)):
            with path.open("rb") as source, temporary.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            shutil.copystat(path, temporary)
        temporary.replace(target)
        temporary.unlink(missing_ok=True)  # replacing a file by its own hard link leaves both names

    def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
        """See `Store.list`."""
        base = self.root / container
        top = base / prefix.rpartition("/")[0]
        if not top.is_dir():
            return
        found: list[str] = []
        for folder, _, files in os.walk(top):
            found += [Path(folder, file).relative_to(base).as_posix() for file in files]
        for name in sorted(n for n in found if n.startswith(prefix)):
            blob = self.stat(container, name)
            if blob is not None:
                yield blob

    def delete(self, container: str, name: str) -> None:
        """See `Store.delete`."""
        self.path(container, name).unlink(missing_ok=True)

    def delete_prefix(self, container: str, prefix: str) -> None:
        """See `Store.delete_prefix`."""
        for blob in list(self.list(container, prefix)):
            self.delete(container, blob.name)
        if prefix.endswith("/"):
            shutil.rmtree(self.path(container, prefix.rstrip("/")), ignore_errors=True)

    def _targets(self, container: str, name: str) -> tuple[Path, Path]:
        target = self.path(container, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.root / _TEMPORARY / uuid.uuid4().hex
        temporary.parent.mkdir(parents=True, exist_ok=True)
        return target, temporary


class BlobStore:
    """Containers of one Azure Storage account."""

    def __init__(self, uri: str) -> None:
        from azure.storage.blob import BlobServiceClient

        self.uri = uri
        self._containers: set[str] = set()  # known to exist
        scheme, _, name = uri.partition(":")
        if scheme == "env":
            connection = os.environ.get(name)
            if not connection:
                raise StoreError(f"the variable {name} holds no connection string", retryable=False)
            self._service = BlobServiceClient.from_connection_string(connection)
        else:
            from azure.identity import DefaultAzureCredential

            self._service = BlobServiceClient(uri, credential=DefaultAzureCredential())

    def _blob(self, container: str, name: str) -> Any:
        return self._service.get_blob_client(container, name)

    def stat(self, container: str, name: str) -> BlobRef | None:
        """See `Store.stat`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            properties = self._blob(container, name).get_blob_properties()
        except ResourceNotFoundError:
            return None
        return BlobRef(container, name, str(properties.etag).strip('"'), int(properties.size))

    def open(self, container: str, name: str) -> BinaryIO:
        """See `Store.open`."""
        blob = self.stat(container, name)
        if blob is None:
            raise _missing(container, name)
        raw = _RangeReader(self._blob(container, name), blob.size, blob.etag)
        return cast("BinaryIO", io.BufferedReader(raw, READ_AHEAD))

    def read_bytes(self, container: str, name: str) -> bytes:
        """See `Store.read_bytes`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return self._blob(container, name).download_blob().readall()
        except ResourceNotFoundError:
            raise _missing(container, name) from None

    def put_bytes(self, container: str, name: str, data: bytes) -> None:
        """See `Store.put_bytes`."""
        self._ensure(container)
        self._blob(container, name).upload_blob(data, overwrite=True)

    def put_file(self, container: str, name: str, path: Path, *, link: bool = False) -> None:
        """See `Store.put_file`."""
        self._ensure(container)
        with path.open("rb") as file:
            self._blob(container, name).upload_blob(file, overwrite=True, max_concurrency=4)

    def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
        """See `Store.list`."""
        from azure.core.exceptions import ResourceNotFoundError

        client = self._service.get_container_client(container)
        try:
            for blob in client.list_blobs(name_starts_with=prefix or None):
                yield BlobRef(container, str(blob.name), str(blob.etag).strip('"'), int(blob.size))
        except ResourceNotFoundError:
            return

    def delete(self, container: str, name: str) -> None:
        """See `Store.delete`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self._blob(container, name).delete_blob()
        except ResourceNotFoundError:
            return

    def delete_prefix(self, container: str, prefix: str) -> None:
        """See `Store.delete_prefix`."""
        for blob in self.list(container, prefix):
            self.delete(container, blob.name)

    def _ensure(self, container: str) -> None:
        from azure.core.exceptions import ResourceExistsError

        if container not in self._containers:
            with contextlib.suppress(ResourceExistsError):
                self._service.create_container(container)
            self._containers.add(container)


class _RangeReader(io.RawIOBase):
    """A seekable raw reader over one version of a blob: every read is a range request with If-Match."""

    def __init__(self, client: Any, size: int, etag: str) -> None:
        self._client, self._size, self._etag, self._position = client, size, f'"{etag}"', 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        from azure.core import MatchConditions

        length = min(len(buffer), self._size - self._position)
        if length <= 0:
            return 0
        stream = self._client.download_blob(
            self._position, length, etag=self._etag, match_condition=MatchConditions.IfNotModified
        )
        data = stream.readall()
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _hard_link(path: Path, target: Path) -> bool:
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        os.link(path, target)
    except OSError:
        return False
    return True


def _missing(container: str, name: str) -> StoreError:
    return StoreError(f"the blob {container}/{name} does not exist", retryable=False, code="blob-missing")
