"""The boxes of an MP4 file (ISO/IEC 14496-12), as far as the last look needs what FFmpeg does not tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_MATRIX = {0: 40, 1: 52}  # where the matrix begins in a track's header, behind the box's own, by its version


def index_first(path: Path) -> bool:
    """Whether the index (moov) comes before the data (mdat)."""
    with path.open("rb") as file:
        kinds = (kind for kind, _, _ in _boxes(file, 0, path.stat().st_size))
        return next((kind for kind in kinds if kind in (b"moov", b"mdat")), b"") == b"moov"


def stands_upright(path: Path) -> bool:
    """Whether no track is turned or mirrored by its header."""
    with path.open("rb") as file:
        for kind, begin, end in _boxes(file, 0, path.stat().st_size):
            if kind != b"moov":
                continue
            for inner, track, track_end in _boxes(file, begin, end):
                headers = _boxes(file, track, track_end) if inner == b"trak" else ()
                if not all(_is_upright(file, at) for name, at, _ in headers if name == b"tkhd"):
                    return False
    return True


def _is_upright(file: BinaryIO, header: int) -> bool:
    file.seek(header)
    matrix = header + _MATRIX.get(file.read(1)[0], 40)
    file.seek(matrix)
    return file.read(len(_UPRIGHT)) == _UPRIGHT


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of what is in each box between two places of the file."""
    while begin + 8 <= end:
        file.seek(begin)
        size, kind = struct.unpack(">I4s", file.read(8))
        inside = begin + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            inside += 8
        stop = end if size == 0 else begin + size
        if stop < inside or stop > end:
            return
        yield kind, inside, stop
        begin = stop
