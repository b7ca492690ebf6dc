"""A film of many gigabytes that takes a few megabytes of disk: its chunks lie in islands, far apart."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_HEADER = 16  # bytes of a box with a 64-bit size
_SMALL = 8  # bytes of other boxes' headers


@dataclass(frozen=True)
class Layout:
    """Where what lies. With `apart` all sound comes behind all pictures."""

    size: int  # bytes of the whole file
    islands: int  # of pictures
    front: bool  # the index comes before the data
    apart: bool


@dataclass(frozen=True)
class _Chunk:
    track: int
    number: int  # within its track
    first: int  # byte in the film it is taken from
    size: int


def spread(film: Path, target: Path, layout: Layout) -> int:
    """Write `film`, an MP4, as `target` with the same samples; return the bytes of its index and samples."""
    content = film.read_bytes()
    boxes = {kind: content[start:end] for kind, start, end in _boxes(content, 0, len(content))}
    moov = boxes[b"moov"]
    chunks = sorted(_chunks(content, moov), key=lambda chunk: chunk.first)
    length = len(_with_offsets(moov, {}))
    data = len(boxes[b"ftyp"]) + (length if layout.front else 0)
    end = layout.size - (0 if layout.front else length)
    places = _places(chunks, data + _HEADER, end, layout)
    index = _with_offsets(moov, {(chunk.track, chunk.number): place for chunk, place in places})
    with target.open("wb") as file:
        file.truncate(layout.size)
        file.write(boxes[b"ftyp"])
        if layout.front:
            file.write(index)
        file.write(struct.pack(">I4sQ", 1, b"mdat", end - data))
        for chunk, place in places:
            file.seek(place)
            file.write(content[chunk.first : chunk.first + chunk.size])
        if not layout.front:
            file.seek(end)
            file.write(index)
    return length + sum(chunk.size for chunk in chunks)


def _places(chunks: list[_Chunk], first: int, end: int, layout: Layout) -> list[tuple[_Chunk, int]]:
    """Return where each chunk goes: islands of chunks one after the other, evenly spread."""
    near = [chunk for chunk in chunks if not layout.apart or chunk.track == 0]
    far = [chunk for chunk in chunks if layout.apart and chunk.track != 0]
    room = end - first - sum(chunk.size for chunk in chunks)
    gap = room // (layout.islands + 1)
    places: list[tuple[_Chunk, int]] = []
    at = first
    for number, chunk in enumerate(near):
        if number and number % -(-len(near) // layout.islands) == 0:
            at += gap
        places.append((chunk, at))
        at += chunk.size
    at += gap if far else 0
    for chunk in far:
        places.append((chunk, at))
        at += chunk.size
    return places


def _boxes(content: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at < end:
        size, kind = struct.unpack_from(">I4s", content, at)
        size = struct.unpack_from(">Q", content, at + _SMALL)[0] if size == 1 else size
        yield kind, at, at + size
        at += size


def _tables(moov: bytes) -> Iterator[dict[bytes, bytes]]:
    """Yield the sample tables of every track."""
    for kind, start, end in _boxes(moov, _SMALL, len(moov)):
        if kind != b"trak":
            continue
        box, found = moov[start:end], {}
        for parent in (b"mdia", b"minf", b"stbl"):
            (box,) = (box[a:b] for name, a, b in _boxes(box, _SMALL, len(box)) if name == parent)
        for name, a, b in _boxes(box, _SMALL, len(box)):
            found[name] = box[a + _SMALL : b]
        yield found


def _chunks(content: bytes, moov: bytes) -> Iterator[_Chunk]:
    for track, tables in enumerate(_tables(moov)):
        code = "Q" if b"co64" in tables else "I"
        table = tables.get(b"co64", tables.get(b"stco", b""))
        count = struct.unpack_from(">I", table, 4)[0]
        offsets = struct.unpack_from(f">{count}{code}", table, 8)
        same, samples = struct.unpack_from(">II", tables[b"stsz"], 4)
        sizes = (same,) * samples if same else struct.unpack_from(f">{samples}I", tables[b"stsz"], 12)
        runs = struct.unpack_from(">I", tables[b"stsc"], 4)[0]
        firsts = [struct.unpack_from(">III", tables[b"stsc"], 8 + 12 * run) for run in range(runs)]
        sample = 0
        for number, offset in enumerate(offsets):
            each = next(per for first, per, _ in reversed(firsts) if first <= number + 1)
            yield _Chunk(track, number, offset, sum(sizes[sample : sample + each]))
            sample += each


def _with_offsets(moov: bytes, places: dict[tuple[int, int], int]) -> bytes:
    """Return the index with other places of its chunks, in 64 bits; 0 for those that are not named."""
    track = -1

    def rebuilt(box: bytes, kind: bytes) -> bytes:
        nonlocal track
        if kind == b"trak":
            track += 1
        if kind in (b"stco", b"co64"):
            count = struct.unpack_from(">I", box, 12)[0]
            offsets = [places.get((track, number), 0) for number in range(count)]
            body, kind = struct.pack(f">II{count}Q", 0, count, *offsets), b"co64"
        elif kind in _PARENTS:
            body = b"".join(rebuilt(box[a:b], inner) for inner, a, b in _boxes(box, _SMALL, len(box)))
        else:
            return box
        return struct.pack(">I4s", _SMALL + len(body), kind) + body

    return rebuilt(moov, b"moov")
