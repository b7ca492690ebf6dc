"""FFmpeg's messages never reach Python while other threads decode, and never the terminal."""

from __future__ import annotations

import io
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import av.logging
import pytest

from reelbrush.errors import Refusal
from reelbrush.media.container import open_input
from reelbrush.media.stitch import stitch
from reelbrush.media.stream import FrameStream
from tests.media_out.making import ffmpeg, paint, picture, tone, words


def damaged(path: Path) -> Path:
    """A raw H.264 stream of which every few hundred bytes are spoilt, so that decoding it logs errors."""
    whole = ffmpeg(path, *picture("320x240", seconds=3), *words("-c:v libx264 -g 5"))
    data = bytearray(whole.read_bytes())
    for at in range(2000, len(data), 300):
        data[at] ^= 0xFF
    path.write_bytes(data)
    return path


def test_stitching_lets_another_thread_decode_damage_with_frame_threads(tmp_path: Path) -> None:
    source = ffmpeg(tmp_path / "in.mp4", *picture(), *tone(), *words("-c:a aac"))
    spoilt = damaged(tmp_path / "spoilt.h264")
    job = paint(tmp_path, source)

    def decode() -> None:
        for _ in range(5):
            with FrameStream(lambda: spoilt.open("rb"), 0, threaded=True) as decoder:
                list(decoder.from_beginning())

    def open_segment(index: int) -> BinaryIO:
        assert av.logging.get_level() is None  # else what follows never ends
        decoding = Thread(target=decode, daemon=True)
        decoding.start()
        decoding.join(30)
        assert not decoding.is_alive()
        return job.open_segment(index)

    stitch(lambda: source.open("rb"), job.manifest, job.timestamps, open_segment, tmp_path)
    assert job.opened


def test_refusals_and_damage_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    spoilt = damaged(tmp_path / "spoilt.h264")
    whole = ffmpeg(tmp_path / "whole.mp4", *picture(), *words("-c:v libx264")).read_bytes()
    capfd.readouterr()
    with FrameStream(lambda: spoilt.open("rb"), 0, threaded=True) as decoder:
        list(decoder.from_beginning())
    for content, code in ((whole[: len(whole) // 2], "unreadable"), (b"a tale of old " * 500, "not-video")):
        with pytest.raises(Refusal) as caught:
            open_input(io.BytesIO(content))
        assert caught.value.code == code
    assert capfd.readouterr() == ("", "")
    assert av.logging.get_level() is None
