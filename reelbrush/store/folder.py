"""Blobs as files of a folder."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from reelbrush.errors import StoreError
from reelbrush.job import BlobRef
from reelbrush.store.folder_links import READ, WRITE, Link, end_of, link_key
from reelbrush.store.media_types import attachment
from reelbrush.store.port import Page, bad_token, missing

_TEMPORARY = ".tmp"
_LONGEST = 2048  # bytes of a name; Linux allows 4096 for a path
_TRIES = 100  # to put a file into a folder that others are removing


def folder_etag(size: int, mtime_ns: int) -> str:
    """Return the ETag of a file in a folder store: 16 hex digits that change with size or time of change."""
    return hashlib.sha256(f"{size}:{mtime_ns}".encode()).hexdigest()[:16]


class FolderStore:
    """Blobs as files `<root>/<container>/<name>`; root and container may be symbolic links.

    A link below them is no blob, nor is what a linked folder holds: it may lead anywhere.
    """

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
            raise _bad_name(name, "use a name without backslashes and without empty, '.' or '..' parts")
        if container.startswith(".") or "/" in container:  # hidden folders of the root are no containers
            raise _bad_name(name, f"{container!r} cannot be a container")
        try:
            sizes = [len(part.encode()) for part in parts]
        except UnicodeEncodeError:  # the name of a file in another encoding
            raise _bad_name(name, "use a name in UTF-8") from None
        if max(sizes) > 255 or sum(sizes) + len(sizes) > _LONGEST:
            raise _bad_name(name, f"shorten its parts to 255 bytes and all of it to {_LONGEST}")
        return self.root.joinpath(container, *parts)

    def stat(self, container: str, name: str) -> BlobRef | None:
        """See `Store.stat`."""
        if self._is_behind_link(container, name):
            return None
        return self._stat(container, name)

    def _stat(self, container: str, name: str) -> BlobRef | None:
        try:
            status = self.path(container, name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return BlobRef(container, name, folder_etag(status.st_size, status.st_mtime_ns), status.st_size)

    def open(self, container: str, name: str) -> BinaryIO:
        """See `Store.open`."""
        path = self.path(container, name)
        if path.is_symlink() or self._is_behind_link(container, name):
            raise missing(container, name)
        try:
            return path.open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise missing(container, name) from None

    def read_bytes(self, container: str, name: str) -> bytes:
        """See `Store.read_bytes`."""
        with self.open(container, name) as reader:
            return reader.read()

    def read_range(self, container: str, name: str, first: int, count: int) -> bytes:
        """See `Store.read_range`."""
        with self.open(container, name) as reader:
            reader.seek(first)
            return reader.read(max(0, count))

    def put_bytes(self, container: str, name: str, data: bytes) -> None:
        """See `Store.put_bytes`."""
        self.publish(container, name, self._written(data))

    def put_new_bytes(self, container: str, name: str, data: bytes) -> bool:
        """See `Store.put_new_bytes`."""
        return self.publish(container, name, self._written(data), new=True)

    def put_file(self, container: str, name: str, path: Path, *, link: bool = False) -> None:
        """See `Store.put_file`."""
        temporary = self.temporary()
        if not (link and _hard_link(path, temporary)):
            with path.open("rb") as source, temporary.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            shutil.copystat(path, temporary)
        self.publish(container, name, temporary)

    def temporary(self) -> Path:
        """Return a file name of its own, not yet in use, on the disk of the blobs.

        It names this process, so that others know whom it belonged to when that was killed.
        """
        path = self.root / _TEMPORARY / f"{os.getpid()}-{uuid.uuid4().hex}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def publish(self, container: str, name: str, temporary: Path, *, new: bool = False) -> bool:
        """Make a complete file of `temporary()` a blob at once; that file is gone afterwards.

        With `new` a blob of this name stays as it is, and False is returned. Raises StoreError (`bad-name`)
        when a part of the name is a blob or a link, or the name a folder of blobs.
        """
        try:
            if self._is_behind_link(container, name):
                raise _bad_name(name, "it leads through a symbolic link")
            _place(temporary, self.path(container, name), new=new)
        except FileExistsError:
            return False
        except (NotADirectoryError, IsADirectoryError):
            raise _bad_name(name, "it or a part of it is the name of another blob") from None
        finally:
            temporary.unlink(missing_ok=True)  # replacing a file by its own hard link leaves both names
        return True

    def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
        """See `Store.list`."""
        yield from self._found(container, self._names(container, prefix))

    def list_page(
        self,
        container: str,
        prefix: str,
        size: int,
        token: str = "",
        *,
        changed: tuple[datetime, datetime] | None = None,
    ) -> Page:
        """See `Store.list_page`. A file is as old as its last change."""
        try:
            last = base64.b64decode(token, b"-_", validate=True).decode()
        except ValueError:
            raise bad_token() from None
        names = [name for name in self._names(container, prefix) if name > last]
        blobs = tuple(
            blob
            for blob in self._found(container, names[:size])
            if changed is None or changed[0] <= self._changed(container, blob.name) < changed[1]
        )
        if len(names) <= size:
            return Page(blobs, "")
        return Page(blobs, base64.urlsafe_b64encode(names[size - 1].encode()).decode())

    def signed_url(
        self,
        container: str,
        name: str,
        *,
        write: bool,
        seconds: int,
        size: int | None = None,
        download_name: str | None = None,
    ) -> str:
        """See `Store.signed_url`."""
        self.path(container, name)
        link = Link(
            container,
            name,
            WRITE if write else READ,
            end_of(seconds, datetime.now(UTC)),
            size,
            attachment(download_name) if download_name else "",
        )
        return link.url(link_key(self.root))

    def delete(self, container: str, name: str) -> None:
        """See `Store.delete`."""
        if self._is_behind_link(container, name):
            return
        with suppress(NotADirectoryError, IsADirectoryError):  # neither is a blob
            self.path(container, name).unlink(missing_ok=True)

    def delete_prefix(self, container: str, prefix: str) -> None:
        """See `Store.delete_prefix`."""
        for blob in list(self.list(container, prefix)):
            self.delete(container, blob.name)
        if prefix.endswith("/") and not self._is_behind_link(container, prefix + "any"):
            shutil.rmtree(self.path(container, prefix.rstrip("/")), ignore_errors=True)

    def _is_behind_link(self, container: str, name: str) -> bool:
        self.path(container, name)
        folder = f"{self.root}/{container}"
        return any(os.path.islink(folder := f"{folder}/{part}") for part in name.split("/")[:-1])

    def _changed(self, container: str, name: str) -> datetime:
        try:
            return datetime.fromtimestamp(self.path(container, name).stat().st_mtime, UTC)
        except OSError:  # gone in this moment
            return datetime.fromtimestamp(0, UTC)

    def _written(self, data: bytes) -> Path:
        path = self.temporary()
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return path

    def _names(self, container: str, prefix: str) -> list[str]:
        top = prefix.rpartition("/")[0]
        within = f"{top}/any" if top else "any"
        if not self._can_name(container, within) or self._is_behind_link(container, within):
            return []
        base = self.root / container
        found: list[str] = []
        for folder, below, files in os.walk(base / top):
            here = Path(folder).relative_to(base).as_posix()
            inside = "" if here == "." else here + "/"
            below[:] = [b for b in below if _meet(f"{inside}{b}/", prefix)]
            found += [name for file in files if (name := inside + file).startswith(prefix)]
        return sorted(name for name in found if self._can_name(container, name))

    def _can_name(self, container: str, name: str) -> bool:
        try:
            self.path(container, name)
        except StoreError:
            return False
        return True

    def _found(self, container: str, names: list[str]) -> Iterator[BlobRef]:
        for name in names:
            blob = self._stat(container, name)  # walking enters no links
            if blob is not None:
                yield blob


def _meet(folder: str, prefix: str) -> bool:
    return folder.startswith(prefix) or prefix.startswith(folder)


def _bad_name(name: str, advice: str) -> StoreError:
    return StoreError(
        f"{name[:100]!r} cannot be a blob name in a folder store",
        advice=advice,
        retryable=False,
        code="bad-name",
    )


def _place(temporary: Path, target: Path, *, new: bool) -> None:
    for _ in range(_TRIES):  # again when the folder goes between any two steps
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:
            continue
        except FileExistsError:
            if target.parent.is_file():
                raise NotADirectoryError(str(target.parent)) from None
            continue
        try:
            return os.link(temporary, target) if new else os.replace(temporary, target)
        except FileNotFoundError:
            if not temporary.exists():
                raise
        except FileExistsError:
            if target.is_dir():
                raise IsADirectoryError(str(target)) from None
            if target.exists():
                raise
    raise FileNotFoundError(f"the folder {target.parent} is being removed again and again")


def _hard_link(path: Path, target: Path) -> bool:
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        os.link(path, target)
    except OSError:
        return False
    return True
