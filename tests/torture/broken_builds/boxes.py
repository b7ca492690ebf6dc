"""Edits of MP4 files by their bytes, for what no muxer would write."""

from __future__ import annotations

from pathlib import Path
from struct import pack_into, unpack_from

ONE = 1 << 16


def renamed(path: Path, kind: bytes, other: bytes) -> None:
    """Give the first box of a kind another."""
    path.write_bytes(path.read_bytes().replace(kind, other, 1))


def replaced(path: Path, kind: bytes, offset: int, data: bytes) -> None:
    """Write `data` so many bytes behind the name of the first box of a kind."""
    content = bytearray(path.read_bytes())
    at = content.index(kind) + offset
    assert content[at : at + len(data)] != data, "this changes nothing"
    content[at : at + len(data)] = data
    path.write_bytes(content)


def turned(path: Path) -> None:
    """Turn the first track by 90 degrees."""
    content = bytearray(path.read_bytes())
    # version and flags, then times, id, reserved, duration, reserved, layer, group, volume, reserved
    at = content.index(b"tkhd") + 4 + (36 if content[content.index(b"tkhd") + 4] == 0 else 48) + 4
    assert unpack_from(">i", content, at)[0] == ONE
    pack_into(">9i", content, at, 0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


def advanced(path: Path, seconds: float) -> None:
    """Let the second track, sound, come early: its edit list begins later in its media."""
    content = bytearray(path.read_bytes())
    track = content.index(b"trak", content.index(b"trak") + 4)
    scale = unpack_from(">I", content, content.index(b"mdhd", track) + 16)[0]
    assert content.index(b"soun", track), "the second track is sound"
    at = content.index(b"elst", track)
    version, count = content[at + 4], unpack_from(">I", content, at + 8)[0]
    assert count == 1
    form, place = (">q", at + 20) if version else (">i", at + 16)
    time = unpack_from(form, content, place)[0]
    pack_into(form, content, place, time + round(seconds * scale))
    path.write_bytes(content)
