"""When key frames are too rare to read a source in parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelbrush.job import Options
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video
from tests.media import ffmpeg


@pytest.mark.parametrize(
    ("frames", "distance", "copied"), [(2500, 250, False), (2500, 9999, False), (3200, 9999, True)]
)
def test_only_a_very_long_lead_is_worth_an_intermediate(
    tmp_path: Path, frames: int, distance: int, copied: bool
) -> None:
    path = tmp_path / "clip.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=size=32x32:rate=25:duration={frames / 25}", "-c:v", "libx264",
        "-preset", "ultrafast", "-g", str(distance), "-sc_threshold", "0", "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    split = split_video(lambda: path.open("rb"), tmp_path, limits=Limits(), options=Options())
    assert len(split.timestamps) == frames
    assert (split.intermediate is not None) == copied
