"""Builds that paint wrong: frames lost, doubled, swapped, of elsewhere; files that are not what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np

import reelbrush.media.decode
import scoring.segments
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.orient import Orientation
from scoring.publish import Publisher
from scoring.repaint import Repainter
from tests.torture.broken_builds.broken import Breakage, Broken
from tests.torture.broken_builds.line import Line, patched

SEGMENT = 1  # of three: the one that is done wrong


def _read(change: Callable[[list[Any]], list[Any]]) -> Breakage:
    """Let the reader give other pairs of time and picture for one segment."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(timed: Any) -> Any:
            def wrong(self: Any, segment: Any, times: Sequence[int]) -> Iterator[Any]:
                pairs = list(timed(self, segment, times))
                if segment.index == SEGMENT:
                    line.struck += 1
                    pairs = change(pairs)
                yield from pairs

            return wrong

        return patched(reelbrush.media.decode.SegmentReader, "timed", make)

    return broken


def _of_another_segment(line: Line) -> AbstractContextManager[None]:
    def make(timed: Any) -> Any:
        def wrong(self: Any, segment: Any, times: Sequence[int]) -> Iterator[Any]:
            if segment.index != SEGMENT:
                return timed(self, segment, times)
            line.struck += 1
            first = line.manifest.segments[0]
            data = line.store.read_bytes("work", line.manifest.timestamps_blob)
            return timed(self, first, list(np.frombuffer(data, "<i8")[: first.frame_count]))

        return wrong

    return patched(reelbrush.media.decode.SegmentReader, "timed", make)


def _swap(pairs: list[Any], one: int, two: int) -> list[Any]:
    pairs[one], pairs[two] = pairs[two], pairs[one]
    return pairs


def _paint(change: Callable[[Any], Any]) -> Breakage:
    """Let the painter give back other frames for its tenth call."""

    def broken(line: Line) -> AbstractContextManager[None]:
        calls = 0

        def make(paint: Any) -> Any:
            def wrong(self: Any, frames: Any, ticks: Sequence[int]) -> Any:
                nonlocal calls
                calls += 1
                line.struck += calls == 10
                made = paint(self, frames, ticks)
                return change(made) if calls == 10 else made

            return wrong

        return patched(Repainter, "paint", make)

    return broken


def _flow(change: Callable[[list[Any]], list[Any]]) -> Breakage:
    """Let the pipeline hand on other groups than it was given."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(ordered_map: Any) -> Any:
            def wrong(*arguments: Any, **options: Any) -> Iterator[Any]:
                line.struck += 1
                groups = list(ordered_map(*arguments, **{**options, "depth": 1000}))
                return (group for group in change(groups))

            return wrong

        return patched(scoring.segments, "ordered_map", make)

    return broken


def _write(change: Callable[[Any, Any, Any], None]) -> Breakage:
    """Let the encoder take its fifth frame in another way: `change(encoder, write, frame)`."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(write: Any) -> Any:
            def wrong(self: Any, frame: Any) -> None:
                if self._frames == 4:
                    line.struck += 1
                    change(self, write, frame)
                else:
                    write(self, frame)

            return wrong

        return patched(SegmentEncoder, "write", make)

    return broken


def _twice(encoder: Any, write: Any, frame: Any) -> None:
    write(encoder, frame)
    write(encoder, frame)


def _later(encoder: Any, write: Any, frame: Any) -> None:
    write(encoder, frame)
    encoder._frames += 1


def _never(encoder: Any, write: Any, frame: Any) -> None:
    if getattr(encoder, "_lost", False):
        write(encoder, frame)
    encoder._lost = True


def _opened(change: Callable[[tuple[Any, ...]], tuple[Any, ...]], only: int | None = SEGMENT) -> Breakage:
    """Let segments be encoded with other settings: (settings, title)."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(kind: Any) -> Any:
            def wrong(path: Path, settings: Any, title: str = "") -> Any:
                if only is None or path.stem == f"{only:05d}":
                    line.struck += 1
                    settings, title = change((settings, title))
                return kind(path, settings, title)

            return wrong

        return patched(scoring.segments, "SegmentEncoder", make)

    return broken


def _file(change: Callable[[Path], None]) -> Breakage:
    """Let the encoder leave behind another file."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(close: Any) -> Any:
            def wrong(self: Any) -> int:
                open_still = self._container is not None
                count = close(self)
                if open_still and self._path.stem == f"{SEGMENT:05d}":
                    line.struck += 1
                    change(self._path)
                return count

            return wrong

        return patched(SegmentEncoder, "close", make)

    return broken


def remuxed(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    """Return what writes a segment's file anew with other packets."""

    def rewrite(path: Path) -> None:
        source = path.with_suffix(".was")
        path.rename(source)
        with (
            av.open(str(source)) as read,
            av.open(str(path), "w", format="mp4", container_options={"fflags": "+bitexact"}) as made,
        ):
            made.metadata["title"] = read.metadata.get("title", "")
            stream = made.add_stream_from_template(read.streams.video[0], opaque=True)
            packets = [packet for packet in read.demux(read.streams.video[0]) if packet.size]
            step, tick = packets[0].duration, packets[0].time_base
            for at, data in enumerate(change([bytes(packet) for packet in packets])):
                packet = av.Packet(data)
                packet.stream, packet.time_base = stream, tick
                packet.pts = packet.dts = at * (step or 1)
                packet.duration = step or 1
                packet.is_keyframe = at == 0 and data == bytes(packets[0])
                made.mux(packet)
        source.unlink()

    return rewrite


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _upright(line: Line) -> AbstractContextManager[None]:
    def make(orientation: Any) -> Any:
        def wrong(matrix: Any) -> Orientation:
            line.struck += 1
            return Orientation()

        return wrong

    return patched(reelbrush.media.decode, "orientation", make)


def _publish(change: Callable[[Any, Any], Any]) -> Breakage:
    """Let the publisher put another thing: `change(scored, scored before)`."""

    def broken(line: Line) -> AbstractContextManager[None]:
        def make(publish: Any) -> Any:
            def wrong(self: Any, scored: Any) -> Any:
                copy = line.folder / "kept.mp4"
                if scored.segment.index == 0:
                    copy.write_bytes(scored.path.read_bytes())
                    line.scored.append(replace(scored, path=copy))
                if scored.segment.index == SEGMENT:
                    line.struck += 1
                    again = scored.path.with_suffix(".again")
                    again.write_bytes(copy.read_bytes())
                    scored = change(scored, replace(line.scored[0], path=again))
                return publish(self, scored)

            return wrong

        return patched(Publisher, "publish", make)

    return broken


def _settings(**changes: Any) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    return lambda given: (replace(given[0], **changes), given[1])


def _coloured(given: tuple[Any, ...]) -> tuple[Any, ...]:
    return replace(given[0], colour=replace(given[0].colour, matrix=9, primaries=9)), given[1]


def _titled(given: tuple[Any, ...]) -> tuple[Any, ...]:
    return given[0], given[1][:-1] + "0"


def _build(name: str, painting: Breakage) -> Broken:
    return Broken(name, painting=painting)


PAINTING = (
    _build("a frame is not read", _read(lambda pairs: pairs[:7] + pairs[8:])),
    _build("a frame is read twice", _read(lambda pairs: [*pairs[:7], pairs[7], *pairs[7:]])),
    _build(
        "a frame is read twice, the next one never", _read(lambda pairs: [*pairs[:8], pairs[7], *pairs[9:]])
    ),
    _build("neighbours are read in the other order", _read(lambda pairs: _swap(pairs, 7, 8))),
    _build("first and last are exchanged", _read(lambda pairs: _swap(pairs, 0, -1))),
    _build("the first frame is missing", _read(lambda pairs: pairs[1:])),
    _build("the first frame is the second", _read(lambda pairs: [pairs[1], *pairs[1:]])),
    _build("the last frame is missing", _read(lambda pairs: pairs[:-1])),
    _build("the last frame is the one before", _read(lambda pairs: [*pairs[:-1], pairs[-2]])),
    _build("times are one tick late", _read(lambda pairs: [(tick + 1, frame) for tick, frame in pairs])),
    _build("one time is one tick early", _read(lambda p: [(t - (i == 9), f) for i, (t, f) in enumerate(p)])),
    _build("nothing is read", _read(lambda pairs: [])),
    _build("frames of another segment", _of_another_segment),
    _build("the painter loses a frame", _paint(lambda made: made[:0])),
    _build("the painter doubles a frame", _paint(lambda made: np.concatenate([made, made]))),
    _build("the painter gives another size", _paint(lambda made: made[:, :-2])),
    _build("the painter gives another type", _paint(lambda made: made.astype(np.float32))),
    _build("the pipeline loses frames", _flow(lambda groups: groups[:9] + groups[10:])),
    _build("the pipeline repeats frames", _flow(lambda groups: [*groups[:9], groups[9], *groups[9:]])),
    _build("the pipeline overtakes itself", _flow(lambda groups: _swap(groups, 9, 10))),
    _build("the pipeline mixes segments", _flow(lambda groups: _swap(groups, 9, 57))),
    _build("the encoder loses a frame", _write(_never)),
    _build("the encoder doubles a frame", _write(_twice)),
    _build("the encoder leaves a gap", _write(_later)),
    _build("a segment is titled as another", _opened(_titled)),
    _build("a segment has another preset", _opened(_settings(preset="slow"))),
    _build("the colours are tagged wrong", _opened(_coloured, only=None)),
    _build("one segment's colours are tagged wrong", _opened(_coloured)),
    _build("a file loses its first packet", _file(remuxed(lambda packets: packets[1:]))),
    _build("a file loses its last packet", _file(remuxed(lambda packets: packets[:-1]))),
    _build("a file begins without a key frame", _file(remuxed(lambda p: [p[1], *p[1:]]))),
    _build("a file holds a packet twice", _file(remuxed(lambda p: [*p[:9], p[9], *p[9:]]))),
    _build("a file is cut off", _file(_cut)),
    _build("a file is empty", _file(_empty)),
    _build("the turn of the source is lost", _upright),
    _build("the file of the segment before is published", _publish(lambda s, k: replace(s, path=k.path))),
    _build(
        "the file of the segment before is published and vouched for",
        _publish(lambda s, k: replace(s, path=k.path, sha256=k.sha256, packets=k.packets)),
    ),
    _build("a segment is vouched for with other times", _publish(lambda s, k: replace(s, ticks=k.ticks))),
    _build("a segment is vouched for with another hash", _publish(lambda s, k: replace(s, sha256=k.sha256))),
    _build(
        "a segment is vouched for with other packets", _publish(lambda s, k: replace(s, packets=k.packets))
    ),
)
