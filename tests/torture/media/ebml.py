"""Matroska by bytes: elements with sizes as a liar would write them."""

from __future__ import annotations

import struct

UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"
HEAD = bytes.fromhex("1a45dfa3"), bytes.fromhex("18538067")  # EBML, Segment
INFO, TRACKS, CLUSTER = (bytes.fromhex(text) for text in ("1549a966", "1654ae6b", "1f43b675"))
CHAPTERS, TAGS, CUES, ATTACHMENTS = (
    bytes.fromhex(text) for text in ("1043a770", "1254c367", "1c53bb6b", "1941a469")
)


def size(value: int) -> bytes:
    """Return a length in eight bytes."""
    return struct.pack(">Q", (1 << 56) | value)


def element(kind: bytes | str, *payload: bytes, claims: bytes | None = None) -> bytes:
    """Return an element; `claims` is written in place of its size."""
    name = bytes.fromhex(kind) if isinstance(kind, str) else kind
    body = b"".join(payload)
    return name + (size(len(body)) if claims is None else claims) + body


def number(kind: bytes | str, value: int) -> bytes:
    """Return an element that holds an unsigned integer."""
    return element(kind, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def track(at: int, codec: bytes, *more: bytes, kind: int = 1) -> bytes:
    """Return a TrackEntry; `kind` 1 is video, 2 sound, 17 subtitles."""
    return element(
        "ae", number("d7", at), number("73c5", at), number("83", kind), element("86", codec), *more
    )


def picture(width: int, height: int) -> bytes:
    """Return a track's video settings."""
    return element("e0", number("b0", width), number("ba", height))


def block(track_number: int, time: int, data: bytes) -> bytes:
    """Return a key frame as SimpleBlock; `time` is relative to its cluster, in 16 bits."""
    return element("a3", bytes([0x80 | track_number]) + struct.pack(">hB", time, 0x80) + data)


def cluster(time: int, *blocks: bytes) -> bytes:
    """Return a Cluster at `time` in ticks."""
    return element(CLUSTER, number("e7", time), *blocks)


def film(*parts: bytes, claims: bytes | None = None) -> bytes:
    """Return a file of these parts of a segment, in milliseconds."""
    head = element(HEAD[0], element("4282", b"matroska"), number("4287", 4), number("4285", 2))
    info = element(INFO, number("2ad7b1", 1_000_000), element("4d80", b"x"), element("5741", b"x"))
    return head + element(HEAD[1], info, *parts, claims=claims)
