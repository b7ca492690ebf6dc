"""Sources that cannot be read by seeking are decoded once, losing nothing but what is said."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import psutil
import pytest
from av.video.format import VideoFormat

from reelbrush.errors import Refusal
from reelbrush.media.intermediate import storage_format
from reelbrush.media.room import check_memory
from tests.media_in.making import alone, clip, decoded_times, fingerprint, pictures, split


@pytest.mark.parametrize(
    "name", ["clip.avi", "clip.flv", "clip.mpg", "clip.ts", "clip.wmv", "clip.gif", "clip.ogv"]
)
def test_frames_and_times_of_other_containers(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path / name, seconds=3)
    made = split(path)
    assert made.ordinal
    assert made.intermediate is not None
    assert list(made.timestamps) == decoded_times(path)
    assert len(pictures(path, made)) == len(made.timestamps)
    assert alone(path, made, made.segments[-1]) == fingerprint(
        pictures(path, made)[made.segments[-1].first_frame :]
    )


@pytest.mark.parametrize("name", ["clip.ts", "clip.flv", "clip.mpg"])
def test_sound_packets_are_copied_instead_of_decoded(tmp_path: Path, name: str) -> None:
    codec = "mpeg2video" if name.endswith("mpg") else "libx264"
    path = clip(tmp_path / name, "-c:v", codec, "-g", "25", "-bf", "2", seconds=6)
    made, careful = split(path), split(path, careful=True)
    assert (made.ordinal, made.stream_index) == (True, 0)
    assert not any("decoded once" in note for note in made.notes)
    assert made.timestamps == careful.timestamps
    careful = split(path, careful=True)
    decoded = pictures(path, careful)
    made = split(path)
    assert any(segment.seek_pts is not None for segment in made.segments)
    assert all(np.array_equal(a, b) for a, b in zip(pictures(path, made), decoded, strict=True))
    for segment in made.segments:
        first = segment.first_frame
        assert alone(path, made, segment) == fingerprint(decoded[first : first + segment.frame_count])


def test_a_clock_that_jumps_back_is_decoded_and_goes_on(tmp_path: Path) -> None:
    first = clip(tmp_path / "first.ts", "-c:v", "libx264", seconds=4)
    path = tmp_path / "twice.ts"
    path.write_bytes(first.read_bytes() * 2)
    made = split(path)
    assert len(made.timestamps) == len(pictures(path, made)) == 200
    assert all(later > earlier for earlier, later in pairwise(made.timestamps))


@pytest.mark.parametrize("name", ["clip.ts", "clip.flv", "clip.mkv"])
def test_a_clock_that_jumps_back_by_hours_is_not_too_long(tmp_path: Path, name: str) -> None:
    parts = [tmp_path / f"{number}{name}" for number in range(2)]
    for part, offset in zip(parts, ("30000", "0"), strict=True):
        clip(part, "-c:v", "libx264", "-output_ts_offset", offset, seconds=2)
    header = 13 if name.endswith("flv") else 0
    path = tmp_path / name
    path.write_bytes(parts[0].read_bytes() + parts[1].read_bytes()[header:])
    made = split(path)
    assert len(made.timestamps) == 100
    assert (made.timestamps[-1] - made.timestamps[0]) * made.video.time_base < 10


def test_huge_pictures_are_copied_too(tmp_path: Path) -> None:
    codec = ("-vf", "scale=2560:1920", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
    made = split(clip(tmp_path / "huge.ts", *codec, seconds=3))
    assert made.ordinal and len(made.timestamps) == 75
    assert not any("decoded once" in note for note in made.notes)


@pytest.mark.parametrize(
    "codec",
    [
        ("-c:v", "libx264"),
        ("-c:v", "libx264", "-pix_fmt", "yuvj420p"),
        ("-c:v", "libx264", "-pix_fmt", "yuv444p"),
        ("-c:v", "libx264rgb", "-pix_fmt", "rgb24"),
        ("-c:v", "libx264", "-pix_fmt", "gray"),
        ("-c:v", "qtrle", "-pix_fmt", "argb"),
        ("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"),
    ],
)
def test_a_careful_split_gives_the_same_pictures(tmp_path: Path, codec: tuple[str, ...]) -> None:
    path = clip(tmp_path / "clip.mov", *codec, seconds=1)
    quick, careful = split(path), split(path, careful=True)
    assert (quick.ordinal, careful.ordinal) == (False, True)
    assert quick.timestamps == careful.timestamps
    assert quick.last_duration == careful.last_duration
    assert quick.encode == careful.encode
    tolerance = 3 if "yuva444p10le" in codec else 0  # more than 8 bits are rounded twice
    for ours, theirs in zip(pictures(path, quick), pictures(path, careful), strict=True):
        assert np.abs(ours.astype(int) - theirs).max() <= tolerance


def test_interlaced_video_is_deinterlaced_frame_by_frame(tmp_path: Path) -> None:
    filters = "tinterlace=mode=interleave_top,setfield=tff"
    path = clip(
        tmp_path / "tff.mp4", "-vf", filters, "-c:v", "libx264", "-flags", "+ildct+ilme",
        "-x264-params", "tff=1", rate="50", seconds=2,
    )  # fmt: skip
    made = split(path)
    assert made.video.interlaced
    assert made.ordinal
    assert list(made.timestamps) == decoded_times(path)
    assert made.intermediate is not None
    with av.open(str(made.intermediate)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == len(made.timestamps)
    assert not any(frame.interlaced_frame for frame in frames)
    assert any("deinterlaced" in note for note in made.notes)


def test_a_size_that_changes_is_scaled_to_the_first(tmp_path: Path) -> None:
    small = clip(tmp_path / "small.ts", "-c:v", "libx264", seconds=1)
    large = clip(tmp_path / "large.ts", "-c:v", "libx264", size="128x96", seconds=1)
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    made = split(path)
    shapes = {picture.shape for picture in pictures(path, made)}
    assert shapes == {(48, 64, 3)}
    assert any("changes its size" in note for note in made.notes)


def test_damage_is_tolerated_and_said(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", "-movflags", "faststart")
    content = bytearray(path.read_bytes())
    start = content.rfind(b"mdat") + 2000
    rng = np.random.default_rng(3)
    for at in rng.integers(start, len(content) - 100, 60):
        content[at] ^= 0xFF
    path.write_bytes(bytes(content))
    made = split(path, careful=True)
    assert 0 < len(made.timestamps) <= 100
    assert len(pictures(path, made)) == len(made.timestamps)
    assert any("intermediate" in note for note in made.notes)


def test_a_file_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mp4", "-c:v", "libx264", "-movflags", "faststart")
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 7 // 10])
    made = split(path)
    assert 10 < len(made.timestamps) < 100
    assert made.ordinal


@pytest.mark.parametrize(
    ("decoded", "keep", "stored"),
    [
        ("yuv420p", False, "yuv420p"),
        ("yuvj422p", False, "yuv422p"),
        ("nv12", False, "yuv420p"),
        ("uyvy422", False, "yuv422p"),
        ("yuv420p10le", False, "yuv420p"),
        ("yuv420p10le", True, "yuv420p10le"),
        ("p010le", True, "yuv420p10le"),
        ("yuv422p12le", True, "yuv422p16le"),
        ("yuva444p10le", False, "yuva444p"),
        ("yuv410p", False, "yuv410p"),
        ("yuv440p", False, "yuv440p"),
        ("gray10le", False, "gray"),
        ("ya8", False, "ya8"),
        ("gbrp", False, "bgr0"),
        ("rgb24", False, "bgr0"),
        ("rgba64le", False, "bgra"),
        ("pal8", False, "bgra"),
        ("gbrp10le", True, "gbrp16le"),
    ],
)
def test_storage_keeps_chroma_and_alpha(decoded: str, keep: bool, stored: str) -> None:
    assert storage_format(VideoFormat(decoded, 64, 48), keep) == stored


def test_a_huge_picture_has_room_in_an_intermediate(tmp_path: Path) -> None:
    path = clip(tmp_path / "huge.gif", "-vf", "scale=5700:5700:flags=neighbor", seconds=0.08)
    made = split(path)
    assert made.intermediate is not None and len(made.timestamps) == 2


def test_pictures_for_which_memory_lacks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=64 * 48 * 100))
    with pytest.raises(Refusal, match=r"of 64x48 takes .* MB of memory") as caught:
        check_memory(64, 48)
    assert caught.value.code == "too-large"
    check_memory(64, 40)
