"""Hostile changes to files: seeded, aware of their structure where `layout` knows it."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable

from tests.torture.fuzz.layout import Part, parts_of

NUMBERS = (
    0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE,
    0xFFFFFFFF,
    1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1000, 65500, 16384, 1 << 20, 1 << 24, 1 << 56,
)  # fmt: skip
_FOURCC = (
    b"avc1,hvc1,mp4v,vp09,av01,mp4a,apch,raw ,jpeg,png ,moov,trak,mdat,stts,stsz,stco,co64,ctts,elst,stss,"
    b"free,uuid,cmov,dcom,url ,alis,text,tx3g,mebx,tmcd,XVID,DIVX,MJPG,H264,FFV1,DIB ,auds,vids,txts"
).split(b",")
_HEADER = 4096  # bytes from the beginning in which most fields are


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return `data` after one to four hostile changes; `other` lends parts for splices."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        rng.choices(_CHANGES, _WEIGHTS)[0](made, other, rng)
        if not made:
            return bytes(data[: rng.randrange(1, len(data))])
    if rng.random() < 0.7:
        _mend_sums(made)
    return bytes(made)


def _place(data: bytearray, rng: random.Random, width: int = 1) -> int:
    top = len(data) - width
    if top <= 0:
        return 0
    return rng.randrange(min(_HEADER, top)) if rng.random() < 0.6 else rng.randrange(top)


def _put(data: bytearray, at: int, value: int, width: int, order: str) -> None:
    data[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "big" if order == "big" else "little")


def _flip(data: bytearray, _: bytes, rng: random.Random) -> None:
    for _each in range(rng.choice((1, 1, 2, 4, 16, 64))):
        data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _noise(data: bytearray, _: bytes, rng: random.Random) -> None:
    at, length = _place(data, rng), rng.choice((1, 4, 16, 64, 512))
    data[at : at + length] = rng.randbytes(min(length, len(data) - at))


def _number(data: bytearray, _: bytes, rng: random.Random) -> None:
    width = rng.choice((1, 2, 4, 4, 8))
    _put(data, _place(data, rng, width), rng.choice(NUMBERS), width, rng.choice(("big", "little")))


def _cut(data: bytearray, _: bytes, rng: random.Random) -> None:
    del data[rng.randrange(1, len(data) + 1) :]


def _block(data: bytearray, other: bytes, rng: random.Random) -> None:
    length = rng.choice((1, 4, 16, 188, 1000, 10000))
    at, to = _place(data, rng), rng.randrange(len(data) + 1)
    piece = data[at : at + length]
    if rng.random() < 0.4:
        del data[at : at + length]
    elif rng.random() < 0.5:
        data[to:to] = piece * rng.choice((1, 1, 2, 50))
    else:
        start = rng.randrange(len(other))
        data[to : to + length] = other[start : start + length]


def _splice(data: bytearray, other: bytes, rng: random.Random) -> None:
    data[rng.randrange(len(data)) :] = other[rng.randrange(len(other)) :]


def _fourcc(data: bytearray, _: bytes, rng: random.Random) -> None:
    places = [at for word in _FOURCC if (at := data.find(word)) >= 0]
    if places:
        at = rng.choice(places)
        data[at : at + 4] = rng.choice(_FOURCC)


def _size(data: bytearray, _: bytes, rng: random.Random) -> None:
    sized = [part for part in parts_of(bytes(data)) if part.size]
    if sized:
        at, width, order = rng.choice(sized).size or (0, 4, "big")
        here = int.from_bytes(data[at : at + width], "big" if order == "big" else "little")
        near = (here + 1, here - 1, here * 2, here // 2, here + (1 << 31))
        _put(data, at, rng.choice((*NUMBERS, *near)), width, order)


def _field(data: bytearray, _: bytes, rng: random.Random) -> None:
    """Change a number inside a small part: counts, times, dimensions."""
    small = [part for part in parts_of(bytes(data)) if 12 <= part.end - part.start <= 4096]
    if small:
        part, width = rng.choice(small), rng.choice((1, 2, 4, 4, 4, 8))
        at = rng.randrange(part.start + 8, max(part.start + 9, part.end - width + 1))
        if at + width <= len(data):
            _put(data, at, rng.choice(NUMBERS), width, rng.choice(("big", "big", "little")))


def _name(data: bytearray, _: bytes, rng: random.Random) -> None:
    named = [part.name for part in parts_of(bytes(data)) if part.name]
    if len(named) > 1:
        (at, width), (source, _w) = rng.sample(named, 2)
        data[at : at + width] = data[source : source + width]


def _move(data: bytearray, other: bytes, rng: random.Random) -> None:
    """Delete, double, swap or nest whole parts, mending the sizes of those around half the time."""
    parts = [part for part in parts_of(bytes(data)) if part.end - part.start < len(data)]
    if not parts:
        return
    part = rng.choice(parts)
    piece = bytes(data[part.start : part.end])
    what = rng.choice(("delete", "double", "many", "swap", "borrow"))
    if what == "swap":
        another = rng.choice(parts)
        if another.start >= part.end:
            later = data[another.start : another.end]
            data[another.start : another.end] = piece
            data[part.start : part.end] = later
        return
    if what == "borrow":
        lent = rng.choice(parts_of(other) or [Part(0, len(other))])
        piece = other[lent.start : lent.end][:20000]
    times = {"delete": -1, "double": 1, "many": 200 if len(piece) < 500 else 3, "borrow": 1}[what]
    change = len(piece) * times if times > 0 else -(part.end - part.start)
    if rng.random() < 0.6:
        for around in parts:
            if around.size and around.start < part.start and around.end >= part.end:
                at, width, order = around.size
                here = int.from_bytes(data[at : at + width], "big" if order == "big" else "little")
                _put(data, at, max(0, here + change), width, order)
    if times < 0:
        del data[part.start : part.end]
    else:
        data[part.end : part.end] = piece * times


def _mend_sums(data: bytearray) -> None:
    """Give pages of Ogg and chunks of PNG their right sums again, without which nobody reads on."""
    if data.startswith(b"OggS"):
        for part in parts_of(bytes(data)):
            if part.end - part.start > 26:
                data[part.start + 22 : part.start + 26] = b"\0\0\0\0"
                total = _ogg_sum(bytes(data[part.start : part.end]))
                data[part.start + 22 : part.start + 26] = total.to_bytes(4, "little")
    elif data.startswith(b"\x89PNG"):
        for part in parts_of(bytes(data)):
            if part.end - part.start >= 12:
                total = zlib.crc32(bytes(data[part.start + 4 : part.end - 4]))
                data[part.end - 4 : part.end] = total.to_bytes(4, "big")


def _ogg_sum(page: bytes) -> int:
    total = 0
    for byte in page:
        total = (total << 8) & 0xFFFFFFFF ^ _OGG_TABLE[total >> 24 ^ byte]
    return total


def _ogg_entry(value: int) -> int:
    value <<= 24
    for _ in range(8):
        value = value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1
    return value & 0xFFFFFFFF


_OGG_TABLE = [_ogg_entry(value) for value in range(256)]
_CHANGES: list[Callable[[bytearray, bytes, random.Random], None]] = [
    _flip, _noise, _number, _cut, _block, _splice, _fourcc, _size, _field, _name, _move,
]  # fmt: skip
_WEIGHTS = (3, 2, 3, 1, 2, 1, 1, 3, 4, 1, 3)
