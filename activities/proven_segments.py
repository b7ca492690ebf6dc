"""Published segments for the stitch: fetched ahead, read once, and none that its page does not prove."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from reelbrush.errors import StoreError
from reelbrush.job import LedgerPage, Manifest, WorkNames
from reelbrush.job.names import WORK
from reelbrush.store import FolderStore, Store

AHEAD = 4  # segments that are fetched at once
IN_MEMORY = 32 << 20  # bytes of a segment above which it goes to the disk
AHEAD_BYTES = 64 << 20  # in memory of all that wait


class UnprovenSegment(Exception):
    """A segment is missing or has other bytes than its page says."""


class ProvenSegments:
    """Opens segments of an account or a folder; a context manager.

    What is opened is the very bytes whose hash was compared, so nobody can change them afterwards. Of an
    account each is fetched by one request where it fits into memory. For one caller at a time, who closes
    what `open` returns.
    """

    def __init__(
        self, store: Store, manifest: Manifest, pages: Mapping[int, LedgerPage], scratch: Path
    ) -> None:
        """`pages` by index of the segment; large segments are kept in `scratch` while they are used."""
        self._store, self._pages, self._scratch = store, pages, scratch
        self._generation, self._names = manifest.generation, WorkNames(manifest.job)
        self._waiting: dict[int, Future[BinaryIO]] = {}
        self._threads = ThreadPoolExecutor(AHEAD, thread_name_prefix="segments-ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        for fetched in self._waiting.values():
            if not fetched.cancelled() and fetched.exception() is None:
                fetched.result().close()
        self._waiting.clear()

    def open(self, index: int) -> BinaryIO:
        """Return a reader of a segment, and have those after it fetched.

        Raises UnprovenSegment, and what the store raises when it cannot be asked.
        """
        wanted = self._waiting.pop(index, None) or self._threads.submit(self._proven, index)
        held = sum(self._memory(waiting) for waiting in self._waiting)
        for later in range(index + 1, index + 1 + AHEAD):
            if later in self._waiting or later not in self._pages:
                continue
            held += self._memory(later)
            if held > AHEAD_BYTES:
                break
            self._waiting[later] = self._threads.submit(self._proven, later)
        return wanted.result()

    def _memory(self, index: int) -> int:
        return min(self._pages[index].size, IN_MEMORY)

    def _proven(self, index: int) -> BinaryIO:
        page, name = self._pages[index], self._names.segment(self._generation, index)
        try:
            reader, digest = self._fetched(name, page.size)
        except StoreError as error:
            if error.code != "blob-missing":
                raise
            raise UnprovenSegment(f"segment {index} is missing") from error
        if digest != page.sha256:
            reader.close()
            raise UnprovenSegment(f"segment {index} is not what its page proves")
        return reader

    def _fetched(self, name: str, size: int) -> tuple[BinaryIO, str]:
        """Return a reader at the beginning and the hex sha256 of what it reads."""
        if not isinstance(self._store, FolderStore) and size <= IN_MEMORY:
            data = self._store.read_range(WORK, name, 0, size + 1)  # one more tells a blob that is longer
            return io.BytesIO(data), hashlib.sha256(data).hexdigest()
        reader = self._store.open(WORK, name)
        try:
            if not isinstance(self._store, FolderStore):
                with reader as remote:
                    reader = cast("BinaryIO", tempfile.TemporaryFile(dir=self._scratch))  # noqa: SIM115
                    while data := remote.read(1 << 20):
                        reader.write(data)
            reader.seek(0)
            digest = hashlib.file_digest(cast("io.BufferedReader", reader), "sha256").hexdigest()
            reader.seek(0)
        except BaseException:
            reader.close()
            raise
        return reader, digest
