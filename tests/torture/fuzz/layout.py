"""Where a file's parts are: boxes, elements, chunks, packets, pages; as far as they make sense."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARENTS = frozenset(
    b"moov trak mdia minf stbl edts dinf udta meta ilst moof traf mvex mfra sinf schi tref".split()
)
_MASTERS = frozenset(
    bytes.fromhex(name)
    for name in [
        "1a45dfa3",
        "18538067",
        "114d9b74",
        "4dbb",
        "1549a966",
        "1654ae6b",
        "ae",
        "e0",
        "e1",
        "1f43b675",
        "a0",
        "1c53bb6b",
        "bb",
        "b7",
        "1043a770",
        "45b9",
        "b6",
        "80",
        "1254c367",
        "7373",
        "63c0",
        "67c8",
        "6d80",
        "6240",
        "5034",
        "55b0",
    ]
)
_MOST = 3000  # parts that are found


@dataclass(frozen=True)
class Part:
    """A piece of a file: `start` and `end` (exclusive) in bytes; `size` is (offset, bytes, "big"/"little")
    of the field that tells how long it is, None where nothing does; `name` (offset, bytes) tells its kind.
    """

    start: int
    end: int
    size: tuple[int, int, str] | None = None
    name: tuple[int, int] | None = None


def parts_of(data: bytes) -> list[Part]:
    """Return the parts of a media file in the order of their beginnings, [] where its kind has none."""
    found: list[Part] = []
    if data[4:8] in (b"ftyp", b"moov", b"wide", b"mdat", b"styp"):
        _boxes(data, 0, len(data), found, 0)
    elif data.startswith(b"\x1a\x45\xdf\xa3"):
        _elements(data, 0, len(data), found, 0)
    elif data[:4] == b"RIFF":
        _chunks(data, 0, len(data), found, 0)
    elif data[:1] == b"\x47" and data[188:189] == b"\x47":
        found = [Part(at, at + 188, name=(at + 1, 2)) for at in range(0, len(data) - 187, 188)]
    elif data.startswith(b"OggS"):
        found = _between(data, [match.start() for match in re.finditer(b"OggS", data)])
    elif data.startswith(b"\x89PNG"):
        at = 8
        while at + 12 <= len(data) and len(found) < _MOST:
            end = at + 12 + int.from_bytes(data[at : at + 4], "big")
            found.append(Part(at, min(end, len(data)), (at, 4, "big"), (at + 4, 4)))
            at = end
    elif data.startswith(b"FLV"):
        at = 13
        while at + 11 <= len(data) and len(found) < _MOST:
            end = at + 15 + int.from_bytes(data[at + 1 : at + 4], "big")
            found.append(Part(at, min(end, len(data)), (at + 1, 3, "big"), (at, 1)))
            at = end
    elif data.startswith((b"\0\0\1", b"\0\0\0\1")):
        found = _between(data, [match.start() for match in re.finditer(b"\0\0\1", data)][:_MOST])
    elif data.startswith(b"YUV4MPEG2"):
        found = _between(data, [0, *(match.start() for match in re.finditer(b"FRAME\n", data))])
    return found[:_MOST]


def _between(data: bytes, starts: list[int]) -> list[Part]:
    ends = [*starts[1:], len(data)]
    return [Part(a, b, name=(a + 3, 1)) for a, b in zip(starts, ends, strict=True) if b - a > 4]


def _boxes(data: bytes, at: int, end: int, found: list[Part], depth: int) -> None:
    while at + 8 <= end and len(found) < _MOST:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        stop = min(end, at + size) if size >= 8 else end
        found.append(Part(at, stop, (at, 4, "big"), (at + 4, 4)))
        if kind in _PARENTS and depth < 12:
            _boxes(data, at + (12 if kind == b"meta" else 8), stop, found, depth + 1)
        elif kind == b"stsd":
            _boxes(data, at + 16, stop, found, depth + 1)
        at = stop


def _elements(data: bytes, at: int, end: int, found: list[Part], depth: int) -> None:
    while at + 2 <= end and len(found) < _MOST:
        wide = 9 - data[at].bit_length()
        if wide > 4 or at + wide >= end:
            return
        long = 9 - data[at + wide].bit_length()
        body = at + wide + long
        if long > 8 or body > end:
            return
        size = int.from_bytes(data[at + wide : body], "big") & ((1 << 7 * long) - 1)
        stop = end if size == (1 << 7 * long) - 1 else min(end, body + size)
        found.append(Part(at, stop, (at + wide, long, "big"), (at, wide)))
        if data[at : at + wide] in _MASTERS and depth < 12:
            _elements(data, body, stop, found, depth + 1)
        at = stop


def _chunks(data: bytes, at: int, end: int, found: list[Part], depth: int) -> None:
    while at + 8 <= end and len(found) < _MOST:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        stop = min(end, at + 8 + size + size % 2)
        found.append(Part(at, stop, (at + 4, 4, "little"), (at, 4)))
        if data[at : at + 4] in (b"RIFF", b"LIST") and depth < 6:
            _chunks(data, at + 12, stop, found, depth + 1)
        at = stop
