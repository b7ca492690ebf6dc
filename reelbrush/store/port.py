"""What a store can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from reelbrush.errors import StoreError
from reelbrush.job import BlobRef


@dataclass(frozen=True)
class Page:
    """One page of a listing, in order of name. `next` is the token of the following page, '' on the last.

    A page may hold fewer blobs than were asked for, even none, without being the last.
    """

    blobs: tuple[BlobRef, ...]
    next: str


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

    def read_range(self, container: str, name: str, first: int, count: int) -> bytes:
        """Return at most `count` bytes from offset `first` on, fewer (or none) where the blob ends.

        Raises StoreError when it is missing.
        """
        ...

    def put_bytes(self, container: str, name: str, data: bytes) -> None:
        """Write a small blob atomically, replacing any other of this name."""
        ...

    def put_new_bytes(self, container: str, name: str, data: bytes) -> bool:
        """Write a small blob atomically unless there is one of this name; False when there is.

        Of several callers one gets True. False may also mean that an earlier try of this very call, whose
        answer was lost on the way, has written it.
        """
        ...

    def put_file(self, container: str, name: str, path: Path, *, link: bool = False) -> None:
        """Upload a file atomically. With `link` a folder store may share its bytes instead of copying."""
        ...

    def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
        """Yield all blobs whose name begins with `prefix`, in order of name."""
        ...

    def list_page(
        self,
        container: str,
        prefix: str,
        size: int,
        token: str = "",
        *,
        changed: tuple[datetime, datetime] | None = None,
    ) -> Page:
        """Return at most `size` (1..5000) of the blobs whose name begins with `prefix`.

        `token` is '' for the first page, then the `next` of the page before. With `changed` (from, until;
        aware) a page shows only blobs that were made from then on and changed last before the end. Raises
        StoreError (`bad-token`) for a token that this store did not make.
        """
        ...

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
        """Return an address by which whoever holds it may read this one blob, or else make it.

        To `write` is to make a blob that is not there, whole or in blocks; one that is there stays as it is.
        It lasts `seconds`, rounded up to the next whole minute, so that calls shortly after one another give
        the same address. A folder store gives a path relative to the host that serves it and refuses to be
        sent more than `size` bytes; an account knows no such limit. With `download_name` a browser saves what
        it reads under that name. Raises StoreError when the store cannot sign.
        """
        ...

    def delete(self, container: str, name: str) -> None:
        """Delete a blob; deleting a missing one is no error."""
        ...

    def delete_prefix(self, container: str, prefix: str) -> None:
        """Delete all blobs whose name begins with `prefix`."""
        ...


def missing(container: str, name: str) -> StoreError:
    """Return the error of a blob that is not there."""
    return StoreError(f"the blob {container}/{name} does not exist", retryable=False, code="blob-missing")


def bad_token() -> StoreError:
    """Return the error of a page's token that the store did not make."""
    return StoreError(
        "the token of the page is not valid",
        advice="begin with the first page",
        retryable=False,
        code="bad-token",
    )
