"""ISO base media boxes: taken apart, changed, put together again."""

from __future__ import annotations

import struct
from collections.abc import Callable

_HOLDERS = frozenset(b"moov trak mdia minf stbl edts dinf udta mvex moof traf".split())


def box(kind: bytes, *payload: bytes) -> bytes:
    """Return a box of 32-bit size."""
    body = b"".join(payload)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *payload: bytes, flags: int = 0) -> bytes:
    """Return a box with version 0 and `flags`."""
    return box(kind, struct.pack(">I", flags), *payload)


def children(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return (kind, payload) of the boxes in a row."""
    found: list[tuple[bytes, bytes]] = []
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8:
            break
        found.append((kind, content[at + 8 : at + size]))
        at += size
    return found


def edited(content: bytes, kind: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return `content` with `change` (payload to whole boxes) done to every box of this kind."""
    parts: list[bytes] = []
    for name, payload in children(content):
        if name == kind:
            parts.append(change(payload))
        else:
            parts.append(box(name, edited(payload, kind, change) if name in _HOLDERS else payload))
    return b"".join(parts)


def with_moov(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return a file, whose moov lies behind its mdat, with `change` done to the payload of moov."""
    return b"".join(
        box(kind, change(payload) if kind == b"moov" else payload) for kind, payload in children(content)
    )


def into(holder: bytes, *more: bytes) -> Callable[[bytes], bytes]:
    """Return a change that appends boxes to every box of kind `holder`."""
    return lambda payload: box(holder, payload, *more)


def instead(kind: bytes, *payload: bytes) -> Callable[[bytes], bytes]:
    """Return a change that puts another payload, of version 0, into a box."""
    return lambda _: full(kind, *payload)
