"""The packet index promises exactly the frames that decoding displays, at their times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelbrush.media.container import main_video, open_input
from reelbrush.media.index import PacketIndex, index_packets
from tests.media import ffmpeg
from tests.media_in.making import clip, decoded_times

X264 = ("-c:v", "libx264", "-preset", "ultrafast")


def index(path: Path) -> PacketIndex:
    with open_input(path.open("rb")) as container:
        stream = main_video(container)
        assert stream is not None
        return index_packets(container, stream, 100_000)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("b-frames.mp4", ("-c:v", "libx264", "-bf", "3", "-g", "25")),
        ("open-gop.mkv", ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:bframes=3")),
        ("open-gop-hevc.mp4", ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=30:open-gop=1")),
        ("fragmented.mp4", (*X264, "-g", "25", "-movflags", "frag_keyframe+empty_moov")),
        ("hidden-frames.webm", ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16")),
        ("nine.webm", ("-c:v", "libvpx-vp9", "-cpu-used", "8")),
        ("intra.mov", ("-c:v", "prores_ks")),
        ("variable.mp4", ("-vf", "select='gt(random(1),0.4)'", "-fps_mode", "vfr", *X264)),
    ],
)
def test_index_equals_decoding(tmp_path: Path, name: str, codec: tuple[str, ...]) -> None:
    path = clip(tmp_path / name, *codec)
    found = index(path)
    assert not found.distrust
    assert found.timestamps.tolist() == decoded_times(path)
    assert found.last_duration > 0


def test_frames_that_an_edit_list_hides_are_no_frames(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mp4", *X264, "-g", "25")
    ffmpeg("-ss", "1.37", "-i", str(whole), "-c", "copy", str(tmp_path / "cut.mp4"))
    found = index(tmp_path / "cut.mp4")
    assert found.packets > len(found.timestamps)
    assert found.timestamps.tolist() == decoded_times(tmp_path / "cut.mp4")


def test_entries_are_the_key_frames_with_nothing_before_them_shown_later(tmp_path: Path) -> None:
    codec = ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:min-keyint=20:scenecut=0:bframes=3")
    found = index(clip(tmp_path / "open.mp4", *codec))
    assert len(found.entries) == 5
    assert found.entries[0] == 0
    assert np.all(np.diff(found.entries) > 0)


def test_intra_refresh_gives_no_entries_but_the_first(tmp_path: Path) -> None:
    path = clip(tmp_path / "refresh.mp4", "-c:v", "libx264", "-x264-params", "intra-refresh=1:keyint=25")
    assert index(path).entries.tolist() == [0]


def test_a_file_that_is_cut_off_is_not_trusted(tmp_path: Path) -> None:
    path = clip(tmp_path / "whole.mp4", *X264, "-movflags", "faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert index(cut).distrust


def test_packets_without_times_are_not_trusted(tmp_path: Path) -> None:
    assert "no presentation time" in index(clip(tmp_path / "raw.h264", "-c:v", "libx264")).distrust


def test_equal_times_are_not_trusted(tmp_path: Path) -> None:
    path = clip(tmp_path / "fast.mkv", *X264, rate="3000", seconds=0.1)
    assert "same presentation time" in index(path).distrust
