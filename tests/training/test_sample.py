"""The sample clip: what the README promises about it."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelbrush.sample import make_sample


def test_the_sample_has_the_promised_streams_and_length(tmp_path: Path) -> None:
    make_sample(tmp_path / "sample.mp4", seconds=2)
    with av.open(tmp_path / "sample.mp4") as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 640, 360)
        assert video.average_rate == Fraction(25)
        assert (audio.codec_context.name, audio.sample_rate, audio.channels) == ("aac", 48_000, 2)
        assert audio.duration is not None and audio.time_base is not None
        assert abs(audio.duration * audio.time_base - 2) < Fraction(1, 20)
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video)]
    assert len(frames) == 50
    assert all(frame.std() > 25 for frame in frames)
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 3
    with av.open(tmp_path / "sample.mp4") as file:
        heard = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    assert 0.02 < np.sqrt(np.square(heard).mean()) < 0.5
    assert np.abs(heard).max() < 1


def test_the_same_sample_is_written_again(tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        make_sample(tmp_path / name, seconds=1)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_a_sample_of_no_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make_sample(tmp_path / "none.mp4", seconds=0)
