"""Reads a blob of an account as a file, by ranges: larger ones, and some ahead, for whoever reads on."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

READ_AHEAD = 1 << 20  # bytes of the first range after a seek
LARGEST = 8 << 20  # bytes of one range
AHEAD = 2  # ranges that are fetched before they are asked for


@dataclass(frozen=True)
class _Piece:
    """The blob from `first` to before `end`, there or on its way."""

    first: int
    end: int
    data: Future[bytes] = field(default_factory=lambda: Future[bytes]())


class RangeReader(io.RawIOBase):
    """A seekable raw reader over one version of a blob: every range is asked for with If-Match.

    Reading on from where a range ended doubles the next one, up to LARGEST. What lies ahead is fetched by
    AHEAD threads while the caller uses what it has, but never more than twice what was read since the last
    seek, so that a look here and there costs little ranges only. Holds (1 + AHEAD) * LARGEST bytes at most.
    For one caller at a time; threads end with `close`.
    """

    def __init__(self, client: Any, size: int, etag: str) -> None:
        self._client, self._size, self._etag, self._position = client, size, f'"{etag}"', 0
        self._began = 0  # where the present run of reads did
        self._ended = 0  # where the last range of it does
        self._pieces: deque[_Piece] = deque()  # one after the other; the position is in the first
        self._threads: ThreadPoolExecutor | None = None

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be sought."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, which costs nothing, and return it; beyond the end is allowed."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as a range goes. Raises the SDK's error when the blob was replaced."""
        count = min(len(buffer), self._size - self._position)
        if count <= 0:
            return 0
        try:
            piece = self._piece(count)
            offset = self._position - piece.first
            found = memoryview(piece.data.result())[offset : offset + count]
        except BaseException:
            self._forget()
            raise
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)

    def readall(self) -> bytes:
        """Return the rest of the blob."""
        found: list[bytes] = []
        while data := self.read(LARGEST):
            found.append(data)
        return b"".join(found)

    def close(self) -> None:
        """Drop what was read ahead and wait for the requests that are under way; safe to repeat."""
        self._forget()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None
        super().close()

    def _piece(self, count: int) -> _Piece:
        """Return the piece with the position, after what lies ahead of it was asked for."""
        while self._pieces and not self._pieces[0].first <= self._position < self._pieces[0].end:
            self._pieces.popleft().data.cancel()
        if self._pieces:
            self._look_ahead()
            return self._pieces[0]
        if self._position != self._ended:
            self._began = self._position
        piece = self._next(self._position, min(count, LARGEST))
        self._look_ahead()
        piece.data.set_result(self._fetch(piece.first, piece.end))  # by the caller: no thread for one range
        return piece

    def _next(self, first: int, least: int) -> _Piece:
        length = max(least, min(LARGEST, max(READ_AHEAD, first - self._began)))
        self._ended = min(first + length, self._size)
        self._pieces.append(_Piece(first, self._ended))
        return self._pieces[-1]

    def _look_ahead(self) -> None:
        read = self._position - self._began
        while len(self._pieces) <= AHEAD and self._ended < self._size:
            ahead = self._ended - self._position + min(LARGEST, self._ended - self._began)
            if ahead > 2 * read:
                return
            piece = self._next(self._ended, 0)
            if self._threads is None:
                self._threads = ThreadPoolExecutor(AHEAD, thread_name_prefix="reading-ahead")
            self._threads.submit(copy_context().run, self._fill, piece)

    def _fill(self, piece: _Piece) -> None:
        if not piece.data.set_running_or_notify_cancel():
            return
        try:
            piece.data.set_result(self._fetch(piece.first, piece.end))
        except BaseException as error:
            piece.data.set_exception(error)

    def _fetch(self, first: int, end: int) -> bytes:
        from azure.core import MatchConditions

        stream = self._client.download_blob(
            first, end - first, etag=self._etag, match_condition=MatchConditions.IfNotModified
        )
        return stream.readall()

    def _forget(self) -> None:
        while self._pieces:
            self._pieces.pop().data.cancel()
        self._ended = -1  # what is read next is no continuation
