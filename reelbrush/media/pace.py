"""How long going through a file's packets may take, so that a file made to be slow ends with a reason."""

from __future__ import annotations

import time
from typing import BinaryIO

from reelbrush.media.limits import too_large

FREE_SECONDS = 5.0  # of processor time, for whatever file
SECONDS_PER_BYTE = 2e-7  # any machine reads packets a hundred times as fast
SECONDS_PER_PACKET = 3e-5  # where they are small; indexing a film of hours takes a tenth of it


class PacedReader:
    """Reads a file, as FFmpeg asks for it in the thread that made this, until the file's time is used up.

    `packets` is to be told of what was found. Once more time was used than the bytes and packets so far
    allow, `read` raises Refusal `too-large`.
    """

    def __init__(self, reader: BinaryIO) -> None:
        self._reader = reader
        self._furthest = 0  # bytes from the beginning: what is read again and again explains nothing
        self._began = time.thread_time()
        self.packets = 0
        self.seek = reader.seek
        self.tell = reader.tell

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        allowed = FREE_SECONDS + self._furthest * SECONDS_PER_BYTE + self.packets * SECONDS_PER_PACKET
        if time.thread_time() - self._began > allowed:
            raise too_large(
                "reading it takes longer than its size explains", f"{allowed:.0f} s of processor time"
            )
        data = self._reader.read(count)
        self._furthest = max(self._furthest, self._reader.tell())
        return data
