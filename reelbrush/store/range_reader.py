"""Reads a blob of an account as a file, by ranges."""

from __future__ import annotations

import io
from typing import Any

READ_AHEAD = 1 << 20  # bytes fetched by one range read of a remote blob


class RangeReader(io.RawIOBase):
    """A seekable raw reader over one version of a blob: every read is a range request with If-Match."""

    def __init__(self, client: Any, size: int, etag: str) -> None:
        self._client, self._size, self._etag, self._position = client, size, f'"{etag}"', 0

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
        """Fill the buffer as far as the blob goes. Raises the SDK's error when the blob was replaced."""
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

    def readall(self) -> bytes:
        """Return the rest of the blob, in requests of a useful size."""
        pieces: list[bytes] = []
        while piece := self.read(READ_AHEAD):
            pieces.append(piece)
        return b"".join(pieces)
