"""Segments hold the promised frames, and look the same however they are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from reelbrush.errors import SourceDamaged
from reelbrush.job.manifest import Media
from reelbrush.job.options import Options
from reelbrush.media.decode import SegmentReader
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video
from tests.media import ffmpeg
from tests.media_in.making import (
    alone,
    clip,
    decoded_times,
    fingerprint,
    opener,
    pictures,
    reader,
    split,
    times_of,
)

SOURCES = {
    "one-key.mp4": ("-c:v", "libx264", "-g", "1000"),
    "open-gop.mp4": ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:bframes=3:b-pyramid=normal"),
    "open-gop.mkv": ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=30:bframes=4:open-gop=1"),
    "mpeg2.mkv": ("-c:v", "mpeg2video", "-bf", "2", "-g", "15"),
    "nine.webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-g", "40"),
    "variable.mp4": ("-vf", "select='gt(random(1),0.3)'", "-fps_mode", "vfr", "-c:v", "libx264", "-g", "30"),
    "intra.mov": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "stream.ts": ("-c:v", "libx264", "-g", "25"),
    "interlaced.mkv": ("-c:v", "libx264", "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_frame_once_at_its_time_and_the_same_alone_as_in_order(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path / name, *SOURCES[name], seconds=6)
    made = split(path)
    assert list(made.timestamps) == decoded_times(path)
    assert len(made.segments) > 1
    for segment in reversed(made.segments):
        in_order = pictures(path, made, made.segments[: segment.index + 1])[-segment.frame_count :]
        assert alone(path, made, segment) == fingerprint(in_order)


def test_seeks_start_at_key_frames_when_there_are_some(tmp_path: Path) -> None:
    made = split(clip(tmp_path / "keys.mp4", "-c:v", "libx264", "-g", "25", "-sc_threshold", "0", seconds=6))
    assert not made.ordinal
    assert [segment.seek_pts for segment in made.segments] == [None, 25600, 51200, 64000]


def test_pictures_are_upright_rgb_of_the_promised_size(tmp_path: Path) -> None:
    path = clip(
        tmp_path / "odd.mkv", "-vf", "crop=65:47:exact=1", "-c:v", "libvpx-vp9", size="80x60", seconds=1
    )
    made = split(path)
    assert made.encode.pixel_format == "yuv444p"
    for picture in pictures(path, made):
        assert picture.shape == (47, 65, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous


def test_a_cut_by_edit_list_is_read_from_hidden_frames(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mp4", "-c:v", "libx264", "-g", "25", seconds=6)
    path = tmp_path / "cut.mp4"
    ffmpeg("-ss", "1.37", "-i", str(whole), "-c", "copy", str(path))
    made = split(path)
    assert (made.ordinal, made.timestamps[0]) == (False, 0)
    assert len(pictures(path, made)) == len(made.timestamps) == 115
    for segment in made.segments:
        assert alone(path, made, segment)


def test_one_frame_and_tiny_pictures(tmp_path: Path) -> None:
    for name, size, seconds in (
        ("one.mp4", "64x48", 0.04),
        ("dot.mp4", "2x2", 1),
        ("strip.mp4", "1024x16", 1),
    ):
        path = clip(tmp_path / name, "-c:v", "libx264", "-pix_fmt", "yuv420p", size=size, seconds=seconds)
        made = split(path)
        assert len(pictures(path, made)) == len(made.timestamps) == max(1, int(25 * seconds))


def test_a_frame_that_the_index_promises_in_vain_is_named(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264")
    made = split(path)
    segment = made.segments[1]
    times = times_of(made, segment)
    times[5] += 1
    with (
        reader(path, made) as source,
        pytest.raises(SourceDamaged, match=f"frame {segment.first_frame + 5} "),
    ):
        list(source.frames(segment, times))


def test_frames_missing_at_the_end_are_named(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", seconds=1)
    made = split(path)
    longer = replace(made.segments[0], frame_count=26)
    with reader(path, made) as source, pytest.raises(SourceDamaged, match=r"frame 25 .*ends before"):
        list(source.frames(longer, [*made.timestamps, made.timestamps[-1] + 512]))


def test_a_key_frame_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", seconds=1)
    made = split(path)
    astray = replace(made.segments[0], seek_pts=77)
    with reader(path, made) as source, pytest.raises(SourceDamaged, match="key frame at timestamp 77"):
        list(source.frames(astray, made.timestamps))


def test_a_reader_recovers_after_a_consumer_stopped_early(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", "-g", "25")
    made = split(path)
    with reader(path, made) as source:
        next(source.frames(made.segments[0], times_of(made, made.segments[0])))
        again = fingerprint(source.frames(made.segments[1], times_of(made, made.segments[1])))
    assert again == alone(path, made, made.segments[1])


def test_every_reader_that_was_opened_is_closed(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.ts", "-c:v", "libx264", "-g", "25")
    readers: list[BinaryIO] = []

    def open_source() -> BinaryIO:
        readers.append(path.open("rb"))
        return readers[-1]

    made = split_video(open_source, tmp_path, limits=Limits(), options=Options())
    media = Media("source", True, 0, made.media_colour)
    with SegmentReader(opener(made.intermediate or path), media, made.video, (64, 48)) as source:
        list(source.frames(made.segments[0], times_of(made, made.segments[0])))
    assert readers
    assert all(reader.closed for reader in readers)
