"""Pictures are what the equations of ITU-T H.273 give in floating point, rounded, even for noise."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.frame import VideoFrame

from reelbrush.job.manifest import Colour
from reelbrush.media.orient import Orientation
from reelbrush.media.picture import Developer
from tests.media_in.test_pictures import expected_rgb

SHAPES = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1)}  # columns, rows per sample of chroma
RIM = 4  # pixels at the edges, where interpolation has nothing to go by


def upsampled(plane: np.ndarray, width: int, height: int, columns: int, rows: int) -> np.ndarray:
    """Interpolate chroma linearly, its samples in the middle of the pixels that they stand for."""

    def axis(length: int, step: int, samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at = (np.arange(length) + 0.5) / step - 0.5
        low = np.floor(at).astype(int)
        return low.clip(0, samples - 1), (low + 1).clip(0, samples - 1), at - low

    top, bottom, down = axis(height, rows, plane.shape[0])
    left, right, across = axis(width, columns, plane.shape[1])
    tall = plane[top] * (1 - down)[:, None] + plane[bottom] * down[:, None]
    return tall[:, left] * (1 - across) + tall[:, right] * across


@pytest.mark.parametrize(
    ("name", "size"), [*((name, (64, 48)) for name in SHAPES), ("yuv422p", (64, 43)), ("yuv444p", (61, 43))]
)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 6, 9])
def test_noise_is_converted_to_the_nearest_level(
    matrix: int, full: bool, name: str, size: tuple[int, int]
) -> None:
    width, height = size
    dice = np.random.default_rng(7)
    frame = VideoFrame(width, height, name)
    planes: list[np.ndarray] = []
    for plane in frame.planes:
        values = dice.integers(60, 190, (plane.height, plane.width))
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : plane.width] = values
        plane.update(rows.tobytes())
        planes.append(values.astype(np.float64))
    luma, *chroma = planes
    whole = (luma, *(upsampled(plane, width, height, *SHAPES[name]) for plane in chroma))
    picture = Developer(Colour(matrix, 1, 1, full), width, height, Orientation()).develop(frame)
    off = np.abs(picture - expected_rgb(whole, 8, matrix, full))
    assert off[RIM:-RIM, RIM:-RIM].max() < 0.75
