"""The Store port with faults: a store behind it keeps every blob whole, the way to it does not."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from reelbrush.errors import StoreError
from reelbrush.job import BlobRef
from reelbrush.store import FolderStore, Page
from tests.torture.faults.lives import Died, Life
from tests.torture.faults.places import Injector
from tests.torture.faults.ports import Meddler, Port

TORN_AFTER = 700  # bytes of a reader that breaks
NOBODY = 1 << 22  # no process has this number
RECENT = 6  # writes that a stale listing does not show yet


def failure(message: str, retryable: bool, code: str) -> StoreError:
    """Return the error of a store that cannot be asked."""
    return StoreError(f"the store: {message}", retryable=retryable, code=code or None)


class TornReader(io.RawIOBase):
    """Reads a while, then the connection is gone."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner, self._left = inner, TORN_AFTER

    def readable(self) -> bool:
        """Whether it reads: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it seeks: yes."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._inner.tell()

    def readinto(self, buffer: Any) -> int:
        """Read, or raise StoreError once it is torn."""
        if self._left <= 0:
            raise failure("the connection was reset while reading", True, "")
        data = self._inner.read(min(len(buffer), self._left))
        self._left -= max(1, len(data))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close it."""
        self._inner.close()
        super().close()


class FaultyStore:
    """Passes every call on to `inner`, as the process of `life`, unless a fault is due.

    `noted` is told of every write that happened: operation, container, name.
    """

    def __init__(
        self,
        inner: FolderStore,
        injector: Injector,
        life: Life,
        meddler: Meddler,
        noted: Callable[[str, str, str], None] = lambda operation, container, name: None,
        recent: deque[str] | None = None,
    ) -> None:
        """`recent` are the latest names that anybody wrote, shared by all ways to this store."""
        self._inner, self._noted, self._life = inner, noted, life
        self._recent = deque[str](maxlen=RECENT) if recent is None else recent
        self._port = Port(injector, life, meddler, failure)

    @property
    def uri(self) -> str:
        """See `Store.uri`."""
        return self._inner.uri

    def stat(self, container: str, name: str) -> BlobRef | None:
        """See `Store.stat`."""
        return self._port.call("stat", f"{container}/{name}", lambda: self._inner.stat(container, name))

    def open(self, container: str, name: str) -> BinaryIO:
        """See `Store.open`."""
        return self._port.call(
            "open",
            f"{container}/{name}",
            lambda: self._inner.open(container, name),
            {
                "torn": lambda: cast(
                    "BinaryIO", io.BufferedReader(TornReader(self._inner.open(container, name)))
                )
            },
        )

    def read_bytes(self, container: str, name: str) -> bytes:
        """See `Store.read_bytes`."""
        return self._port.call(
            "read_bytes", f"{container}/{name}", lambda: self._inner.read_bytes(container, name)
        )

    def read_range(self, container: str, name: str, first: int, count: int) -> bytes:
        """See `Store.read_range`."""
        return self._port.call(
            "read_range", f"{container}/{name}", lambda: self._inner.read_range(container, name, first, count)
        )

    def put_bytes(self, container: str, name: str, data: bytes) -> None:
        """See `Store.put_bytes`."""
        self._write("put_bytes", container, name, lambda: self._inner.put_bytes(container, name, data), data)

    def put_new_bytes(self, container: str, name: str, data: bytes) -> bool:
        """See `Store.put_new_bytes`."""
        return self._write(
            "put_new_bytes", container, name, lambda: self._inner.put_new_bytes(container, name, data), data
        )

    def put_file(self, container: str, name: str, path: Path, *, link: bool = False) -> None:
        """See `Store.put_file`."""
        self._write(
            "put_file",
            container,
            name,
            lambda: self._inner.put_file(container, name, path, link=link),
            b"half a file" * 9,
        )

    def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
        """See `Store.list`."""
        return self._port.call(
            "list",
            f"{container}/{prefix}",
            lambda: iter(list(self._inner.list(container, prefix))),
            {"stale": lambda: iter(self._stale(container, prefix))},
        )

    def list_page(self, container: str, prefix: str, size: int, token: str = "", **how: Any) -> Page:
        """See `Store.list_page`."""
        return self._port.call(
            "list_page",
            f"{container}/{prefix}",
            lambda: self._inner.list_page(container, prefix, size, token, **how),
        )

    def signed_url(self, container: str, name: str, **how: Any) -> str:
        """See `Store.signed_url`."""
        return self._inner.signed_url(container, name, **how)

    def delete(self, container: str, name: str) -> None:
        """See `Store.delete`."""
        self._write("delete", container, name, lambda: self._inner.delete(container, name))

    def delete_prefix(self, container: str, prefix: str) -> None:
        """See `Store.delete_prefix`."""
        self._write("delete_prefix", container, prefix, lambda: self._inner.delete_prefix(container, prefix))

    def _stale(self, container: str, prefix: str) -> list[BlobRef]:
        found = self._inner.list(container, prefix)
        return [blob for blob in found if f"{container}/{blob.name}" not in self._recent]

    def _write(
        self, operation: str, container: str, name: str, do: Callable[[], Any], data: bytes = b""
    ) -> Any:
        def done() -> Any:
            answer = do()
            self._recent.append(f"{container}/{name}")
            self._noted(operation, container, name)
            return answer

        def half() -> Any:
            own = self._inner.temporary()
            temporary = own.with_name(f"{NOBODY}-{own.name.rpartition('-')[2]}")
            temporary.write_bytes(data[: len(data) // 2])
            self._life.die()
            raise Died(self._life.who)

        return self._port.call(operation, f"{container}/{name}", done, {"half": half})
