"""The stream's pictures are those of the finished file: the same packets at the same times."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from reelbrush.errors import StitchError
from reelbrush.media.fragment import fragment, initialization
from reelbrush.media.timeline import Timeline
from tests.media_out.making import encode_segments, frames, manifest_of, packets, settings, shown
from tests.watch.making import Screening, screening


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name.decode(), data[at + 8 : at + size]
        at += size


def times_in(piece: bytes) -> tuple[int, int]:
    """Return a fragment's decode time and the sum of its samples' durations, in ticks."""
    traf = dict(boxes(dict(boxes(dict(boxes(piece))["moof"]))["traf"]))
    assert traf["tfdt"][0] == 1, "64 bits"
    flags, count = struct.unpack_from(">II", traf["trun"])
    default = struct.unpack_from(">I", traf["tfhd"], 8)[0]
    if not flags & 0x100:
        return struct.unpack_from(">Q", traf["tfdt"], 4)[0], default * count
    at = 8 + 4 * bool(flags & 1) + 4 * bool(flags & 4)
    step = 4 * bin(flags & 0xF00).count("1")
    durations = [struct.unpack_from(">I", traf["trun"], at + step * number)[0] for number in range(count)]
    return struct.unpack_from(">Q", traf["tfdt"], 4)[0], sum(durations)


def test_packets_and_times_are_those_of_the_finished_file(tmp_path: Path, any_source: Path) -> None:
    made = screening(tmp_path, any_source)
    made.publish_all()
    path = tmp_path / "stream.mp4"
    path.write_bytes(made.film())
    final = made.stitched()
    streamed, finished = packets(path, "video"), packets(final, "video")
    assert len(streamed) == made.manifest.frame_count
    assert [data for _, data in streamed] == [data for _, data in finished]
    if final.suffix == ".mp4":
        assert [time for time, _ in streamed] == [time for time, _ in finished]
    base, origin = made.manifest.video.time_base, made.manifest.origin
    assert origin is not None
    assert [time for time, _ in streamed] == [tick * base - origin for tick in made.timestamps]
    for (time, picture), (final_time, final_picture) in zip(shown(path), shown(final), strict=True):
        assert abs(time - final_time) <= Fraction(1, 1000) and (picture == final_picture).all()


def look(path: Path) -> tuple[object, ...]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        colours = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        return (context.width, context.height, stream.sample_aspect_ratio, context.profile, *colours)


def test_pictures_look_as_in_the_finished_file(tmp_path: Path, any_source: Path) -> None:
    made = screening(tmp_path, any_source)
    made.publish_all()
    (tmp_path / "stream.mp4").write_bytes(made.film())
    assert look(tmp_path / "stream.mp4") == look(made.stitched())


def test_a_picture_that_begins_after_the_sound_does_so_in_the_stream(
    tmp_path: Path, late_picture: Path
) -> None:
    made = screening(tmp_path, late_picture)
    made.publish(0)
    (tmp_path / "stream.mp4").write_bytes(made.film())
    assert packets(tmp_path / "stream.mp4", "video")[0][0] == Fraction(4, 5)


def test_fragments_join_without_gaps(film: Screening) -> None:
    film.publish_all()
    pieces = [film.get(uri).body for uri in film.uris()]
    found = [times_in(piece) for piece in pieces if isinstance(piece, bytes)]
    assert len(found) == 6
    media = film.get("media.json").body
    assert isinstance(media, dict)
    assert found == [(each["start"], each["duration"]) for each in media["segments"]]
    for (start, duration), (following, _) in pairwise(found):
        assert start + duration == following


def test_every_fragment_plays_alone(film: Screening) -> None:
    film.publish_all()
    for uri, segment in zip(film.uris(), film.manifest.segments, strict=True):
        with av.open(io.BytesIO(film.film([uri]))) as container:
            assert sum(1 for _ in container.decode(video=0)) == segment.frame_count


def test_the_same_segment_gives_the_same_bytes(film: Screening) -> None:
    film.publish_all()
    assert film.film() == film.film()


def test_times_beyond_32_bits(tmp_path: Path) -> None:
    scale, first = 1_000_000, 7_300_000_000  # two hours in microseconds
    times = [first + 40_000 * number for number in range(6)]
    manifest = manifest_of(times, 40_000, [3, 3], Fraction(1, scale), settings())
    encode_segments(tmp_path, manifest, frames(6))
    timeline = Timeline.of(manifest, times, Fraction(1, scale), Fraction(0))

    def open_segment(index: int) -> io.BytesIO:
        return io.BytesIO((tmp_path / f"{index:05d}.mp4").read_bytes())

    init = initialization(open_segment, 0, scale)
    assert times_in(fragment(open_segment, manifest.segments[1], timeline, init)) == (times[3], 120_000)


@pytest.mark.parametrize("width", [64, 80])
def test_a_segment_of_another_encoder_is_no_fragment_of_this_video(tmp_path: Path, width: int) -> None:
    times = [40 * number for number in range(6)]
    manifest = manifest_of(times, 40, [3, 3], Fraction(1, 1000), settings())
    encode_segments(tmp_path, manifest, frames(6))
    other = manifest_of(times, 40, [3, 2], Fraction(1, 1000), settings(width))
    timeline = Timeline.of(manifest, times, Fraction(1, 16000), Fraction(0))
    (tmp_path / "other").mkdir()
    encode_segments(tmp_path / "other", other, frames(6, width))

    def open_segment(index: int) -> io.BytesIO:
        folder = tmp_path / "other" if index else tmp_path
        return io.BytesIO((folder / f"{index:05d}.mp4").read_bytes())

    init = initialization(open_segment, 0, 16000)
    message = "instead of 3" if width == 64 else "other settings"
    with pytest.raises(StitchError, match=message):
        fragment(open_segment, manifest.segments[1], timeline, init)
