"""Builds that join wrong: segments, tracks, times; outputs that are not what was joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import av

import activities.proven_segments
import reelbrush.media.audio
import reelbrush.media.stitch
from reelbrush.job.names import OUTPUT
from reelbrush.store import FolderStore
from tests.torture.broken_builds.boxes import advanced, renamed, replaced, turned
from tests.torture.broken_builds.broken import Breakage, Broken
from tests.torture.broken_builds.line import Line, patched

STITCH = reelbrush.media.stitch


def _segments(change: Callable[[list[Any]], list[Any]]) -> Breakage:
    """Let other segments be joined than the manifest has."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(segment_packets: Any) -> Any:
            def wrong(open_segment: Any, manifest: Any, *rest: Any) -> Iterator[Any]:
                line.struck += 1
                other = replace(manifest, segments=tuple(change(list(manifest.segments))))
                return segment_packets(open_segment, other, *rest)

            return wrong

        return patched(STITCH, "segment_packets", make)

    return broken


def _opens(change: Callable[[int], int]) -> Breakage:
    """Let another segment be opened under a number."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(open_one: Any) -> Any:
            def wrong(self: Any, index: int) -> Any:
                line.struck += change(index) != index
                return open_one(self, change(index))

            return wrong

        return patched(activities.proven_segments.ProvenSegments, "open", make)

    return broken


def _last_for_middle(index: int) -> int:
    return 2 if index == 1 else index


def _exchanged(index: int) -> int:
    return {1: 2, 2: 1}.get(index, index)


def _packets(change: Callable[[list[Any]], list[Any]]) -> Breakage:
    """Let the joined packets be others."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(segment_packets: Any) -> Any:
            def wrong(*arguments: Any) -> Iterator[Any]:
                line.struck += 1
                yield from change(list(segment_packets(*arguments)))

            return wrong

        return patched(STITCH, "segment_packets", make)

    return broken


def _late(packets: list[Any]) -> list[Any]:
    packets[20].pts += 1
    packets[20].dts += 1
    return packets


def _all_late(packets: list[Any]) -> list[Any]:
    for packet in packets:
        packet.pts += 1
        packet.dts += 1
    return packets


def _with_bytes(packets: list[Any], at: int, change: Callable[[bytes], bytes]) -> list[Any]:
    was = packets[at]
    made = av.Packet(change(bytes(was)))
    made.pts, made.dts, made.duration, made.time_base = was.pts, was.dts, was.duration, was.time_base
    made.is_keyframe = was.is_keyframe
    return [*packets[:at], made, *packets[at + 1 :]]


def _flip(packets: list[Any]) -> list[Any]:
    return _with_bytes(packets, 60, lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])


def _contents_swapped(packets: list[Any]) -> list[Any]:
    one, two = bytes(packets[60]), bytes(packets[61])
    return _with_bytes(_with_bytes(packets, 60, lambda _: two), 61, lambda _: one)


def _tracks(kind: str) -> Breakage:
    """Let the tracks of one kind be overlooked."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(select_tracks: Any) -> Any:
            def wrong(*arguments: Any) -> Any:
                line.struck += 1
                found = select_tracks(*arguments)
                return replace(found, tracks=tuple(track for track in found.tracks if track.kind != kind))

            return wrong

        return patched(STITCH, "select_tracks", make)

    return broken


def _carries(kind: str, change: Callable[[int, list[Any]], list[Any]]) -> Breakage:
    """Let a carrier of tracks of one kind give other packets, by the number of its call."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(carrier: Any) -> Any:
            def wrong(lane: Any) -> Any:
                carry, calls = carrier(lane), 0

                def worse(packet: Any) -> list[Any]:
                    nonlocal calls
                    calls += 1
                    line.struck += 1
                    return change(calls, carry(packet))

                return worse if lane.source.type == kind else carry

            return wrong

        return patched(STITCH, "carrier", make)

    return broken


def _sound_late(seconds: float, after: int = 0) -> Breakage:
    def broken(line: Line) -> AbstractContextManager[None]:
        def make(place: Any) -> Any:
            calls = 0

            def wrong(self: Any, packet: Any) -> tuple[int, int]:
                nonlocal calls
                calls += 1
                line.struck += 1
                time, length = place(self, packet)
                return time + round(seconds * self._second) * (calls > after), length

            return wrong

        return patched(reelbrush.media.audio.AudioClock, "place", make)

    return broken


def _written(change: Callable[[Path], None]) -> Breakage:
    """Let the muxer leave behind another file than it was given packets for."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(write: Any) -> Any:
            def wrong(*arguments: Any) -> Any:
                made = write(*arguments)
                line.struck += 1
                change(made.path)
                return made

            return wrong

        return patched(STITCH, "_write", make)

    return broken


def _cut(share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return cut


def _flip_data(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"mdat") + 200] ^= 1
    path.write_bytes(data)


def _opened(line: Line, index: int) -> BinaryIO:
    return line.store.open("work", line.file(index))


def _other_output(line: Line) -> AbstractContextManager[None]:
    """Let the finished file be another job's: of a film with the same times, in the same style."""
    other = line.others["film"]

    def make(stitch_media: Any) -> Any:
        def wrong(open_source: Any, manifest: Any, times: Any, opened: Any, folder: Path, **more: Any) -> Any:
            line.struck += 1
            return stitch_media(
                lambda: other.store.open("input", other.job.source.name),
                other.manifest,
                times,
                partial(_opened, other),
                folder,
                **more,
            )

        return wrong

    return patched(STITCH, "stitch", make)


def _half_published(line: Line) -> AbstractContextManager[None]:
    def make(put_file: Any) -> Any:
        def wrong(self: Any, container: str, name: str, path: Path, *, link: bool = False) -> None:
            if container == OUTPUT:
                line.struck += 1
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            put_file(self, container, name, path, link=link)

        return wrong

    return patched(FolderStore, "put_file", make)


def _blind(then: Breakage) -> Breakage:
    """Let nobody compare hashes of segments with their pages, and something else be wrong, too."""

    def broken(line: Line) -> AbstractContextManager[Any]:
        both = ExitStack()

        def make(fetched: Any) -> Any:
            def wrong(self: Any, name: str, size: int) -> Any:
                reader, _ = fetched(self, name, size)
                index = int(name.rsplit("/", 1)[1].split(".")[0])
                return reader, self._pages[index].sha256

            return wrong

        both.enter_context(patched(activities.proven_segments.ProvenSegments, "_fetched", make))
        both.enter_context(then(line))
        return both

    return broken


def _build(name: str, stitching: Breakage) -> Broken:
    return Broken(name, stitching=stitching)


STITCHING = (
    _build("a segment is left out", _segments(lambda s: [s[0], s[2]])),
    _build("the last segment is left out", _segments(lambda s: s[:-1])),
    _build("a segment is joined twice", _segments(lambda s: [s[0], s[1], s[1], s[2]])),
    _build("a segment is joined twice, another never", _segments(lambda s: [s[0], s[1], s[1]])),
    _build("segments are joined in another order", _segments(lambda s: [s[0], s[2], s[1]])),
    _build("another segment is opened", _opens(_last_for_middle)),
    _build(
        "another segment is opened, and hashes are not compared",
        _blind(_opens(_exchanged)),
    ),
    _build("the last packet is lost", _packets(lambda packets: packets[:-1])),
    _build("a packet is lost", _packets(lambda packets: packets[:60] + packets[61:])),
    _build("a packet is one tick late", _packets(_late)),
    _build("all pictures are one tick late", _packets(_all_late)),
    _build("a byte of a packet is flipped", _packets(_flip)),
    _build("two packets have each other's content", _packets(_contents_swapped)),
    _build("a packet is the one before", _packets(lambda p: _with_bytes(p, 60, lambda _: bytes(p[59])))),
    _build("sound is overlooked", _tracks("audio")),
    _build("subtitles are overlooked", _tracks("subtitle")),
    _build("sound is not carried", _carries("audio", lambda call, made: [])),
    _build(
        "a packet of sound is not carried", _carries("audio", lambda call, made: made if call - 9 else [])
    ),
    _build("subtitles are not carried", _carries("subtitle", lambda call, made: [])),
    _build("sound is 25 ms late", _sound_late(0.025)),
    _build("sound is 25 ms early", _sound_late(-0.025)),
    _build("sound is 25 ms late from the middle on", _sound_late(0.025, after=100)),
    _build("the output is cut off", _written(_cut(0.98))),
    _build("the output is cut in half", _written(_cut(0.5))),
    _build("the output is empty", _written(_cut(0.0))),
    _build("the output has no index", _written(lambda path: renamed(path, b"moov", b"free"))),
    _build("a byte of the output is flipped", _written(_flip_data)),
    _build(
        "the output's colours are tagged wrong",
        _written(lambda path: replaced(path, b"nclx", 4, b"\0\x09\0\x10\0\x09")),
    ),
    _build("the output is turned", _written(lambda path: turned(path))),
    _build("the output's sound is 30 ms early", _written(lambda path: advanced(path, 0.03))),
    _build(
        "a frame of the output is shown shorter", _written(lambda path: replaced(path, b"stts", 18, b"\x01"))
    ),
    _build("another job's output is published", _other_output),
    _build("half of the output is published", _half_published),
)
