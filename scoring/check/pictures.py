"""Pictures to try models on: computed, the same on every call, with structure that an answer can keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from scoring.session import Frames

Values = npt.NDArray[np.float32]


@lru_cache(maxsize=8)
def scene(height: int, width: int) -> Frames:
    """(1, height, width, 3) uint8 RGB: a graded ground, coloured discs of all sizes, stripes, some noise.

    It cannot be written: all who ask for a size share one.
    """
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    rows, columns = rows / max(1, height - 1), columns / max(1, width - 1)
    picture = np.stack([60 + 150 * columns, 190 - 130 * rows, 80 + 120 * rows * (1 - columns)], axis=-1)
    random = np.random.default_rng(7)
    for _ in range(14):
        y, x, radius = random.uniform(0, 1), random.uniform(0, 1), random.uniform(0.05, 0.25)
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        picture[inside] = 0.25 * picture[inside] + 0.75 * random.choice([0.0, 60.0, 140.0, 255.0], 3)
    picture[(rows > 0.85) & ((columns * 12).astype(int) % 2 == 0)] = (245.0, 245.0, 235.0)
    picture += random.normal(0, 4, picture.shape)
    made = np.clip(np.rint(picture), 0, 255).astype(np.uint8)[None]
    made.flags.writeable = False
    return made


def _flat(level: int) -> Callable[[int, int], Frames]:
    return lambda height, width: np.full((1, height, width, 3), level, np.uint8)


def _noise(height: int, width: int) -> Frames:
    return np.random.default_rng(3).integers(0, 256, (1, height, width, 3), np.uint8)


EXTREMES: dict[str, Callable[[int, int], Frames]] = {
    "a black picture": _flat(0),
    "a white picture": _flat(255),
    "noise": _noise,
}
"""Pictures on which weak models break, each made for (height, width)."""


def light(pictures: Values) -> Values:
    """The mean of the channels of (N, H, W, C): (N, H, W)."""
    return pictures.mean(axis=-1, dtype=np.float32)


def coarse(plane: Values, cells: int = 12) -> Values:
    """(H, W) averaged in at most `cells` x `cells` equal blocks; the rest at the end is left out."""
    height, width = max(1, plane.shape[0] // cells), max(1, plane.shape[1] // cells)
    rows, columns = plane.shape[0] // height, plane.shape[1] // width
    blocks = plane[: rows * height, : columns * width].reshape(rows, height, columns, width)
    return blocks.mean(axis=(1, 3))
