"""A full disk is named as such, and nothing is left on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelbrush.errors import ReelbrushError
from reelbrush.job.options import Options
from reelbrush.media import room
from reelbrush.media.limits import Limits
from reelbrush.media.room import check_room
from reelbrush.media.split import INTERMEDIATE_NAME, split_video
from tests.media_out.making import ffmpeg, paint, picture, tone, words

FULL = Path("/dev/full")  # opens like a file, but every write fails for want of room
needs_full = pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")


def split(path: Path, scratch: Path, careful: bool) -> None:
    split_video(lambda: path.open("rb"), scratch, limits=Limits(), options=Options(), careful=careful)


@needs_full
def test_stitching_onto_a_full_disk(tmp_path: Path) -> None:
    job = paint(tmp_path, ffmpeg(tmp_path / "in.mp4", *picture(), *tone(), *words("-c:a aac")))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stitched.mp4").symlink_to(FULL)
    with pytest.raises(ReelbrushError, match="free some space") as caught:
        job.stitch()
    assert (caught.value.code, caught.value.retryable) == ("disk-full", False)
    assert not list((tmp_path / "out").iterdir())


@needs_full
@pytest.mark.parametrize("careful", [False, True])
def test_an_intermediate_on_a_full_disk(tmp_path: Path, careful: bool) -> None:
    source = ffmpeg(tmp_path / "in.ts", *picture(), *words("-c:v libx264"))
    (tmp_path / INTERMEDIATE_NAME).symlink_to(FULL)
    with pytest.raises(ReelbrushError) as caught:
        split(source, tmp_path, careful)
    assert caught.value.code == "disk-full"
    assert not (tmp_path / INTERMEDIATE_NAME).is_symlink()


@pytest.mark.parametrize("careful", [False, True])
def test_some_room_is_left_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, careful: bool) -> None:
    source = ffmpeg(tmp_path / "in.ts", *picture(), *words("-c:v libx264"))
    monkeypatch.setattr(room, "KEPT_FREE", 1 << 60)
    with pytest.raises(ReelbrushError, match="bytes are free") as caught:
        split(source, tmp_path, careful)
    assert (caught.value.code, caught.value.retryable) == ("disk-full", False)
    assert not (tmp_path / INTERMEDIATE_NAME).exists()


def test_what_is_needed_must_fit(tmp_path: Path) -> None:
    check_room(tmp_path, -room.KEPT_FREE)
    with pytest.raises(ReelbrushError, match="is full"):
        check_room(tmp_path, 1 << 60)
