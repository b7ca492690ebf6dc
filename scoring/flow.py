"""Where the pixels of a frame were in the frame before: optical flow, and a mask of what it can follow.

Flow is dense inverse search (Kroeger et al. 2016, OpenCV's implementation) on luminance, on one thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3) RGB, full range
Plane = NDArray[np.float32]  # (H, W)

WORKING_SIDE = 640  # pixels of the long side at which motion is estimated and pictures are compared
SMALLEST_SIDE = 24  # pixels of the short side below which there is no motion to estimate
SMALLEST_QUICK_SIDE = 32  # below it OpenCV's quick search reads beyond levels smaller than its patches
RIM = 8  # pixels along the border that count for nothing: painted borders have rules of their own
STEP_LEVELS = 16  # largest difference of a followed pixel in any channel, after a 3 x 3 mean against noise
_NO_MAP = np.empty(0, np.float32)


@dataclass(frozen=True)
class Motion:
    """For each pixel of the later of two frames, where it was in the earlier one."""

    columns: Plane  # positions in the earlier frame, in pixels
    rows: Plane
    followed: NDArray[np.uint8]  # (H, W): 1 where the pixel was found in the earlier frame, else 0

    @property
    def share(self) -> float:
        """The share of followed pixels, 0..1 inclusive."""
        return float(self.followed.mean())

    def carry(self, earlier: Picture) -> Picture:
        """Return a picture of the earlier frame moved to where things are in the later one (bicubic)."""
        return np.asarray(
            cv2.remap(earlier, self.columns, self.rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )


def at_working_size(frame: Picture, side: int = WORKING_SIDE) -> Picture:
    """Return `frame` with a long side of at most `side` pixels, by area; small frames stay as they are."""
    height, width = frame.shape[:2]
    longest = max(height, width)
    if longest <= side:
        return frame
    size = (max(1, round(width * side / longest)), max(1, round(height * side / longest)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def estimate_motion(earlier: Picture, later: Picture, *, quick: bool = False) -> Motion:
    """Estimate the motion between two frames of one size, both sides at least SMALLEST_SIDE.

    A pixel is followed when the flow back from the later frame and the flow forth from the earlier one agree
    within 0.01 (|back|^2 + |forth|^2) + 0.5 (Sundaram, Brox and Keutzer 2010), when it looks the same in both
    frames, and when it lies RIM away from the border in both. `quick` searches down to a quarter of the
    resolution instead of half, in a third of the time, and is that much less exact: the original's difference
    grows by up to a quarter; frames with a side below SMALLEST_QUICK_SIDE are searched as without it. Raises
    ValueError for frames that are too small or differ in size.
    """
    height, width = later.shape[:2]
    if earlier.shape != later.shape or min(height, width) < SMALLEST_SIDE:
        raise ValueError(f"no motion can be estimated between {earlier.shape} and {later.shape}")
    cv2.setNumThreads(1)
    fast = quick and min(height, width) >= SMALLEST_QUICK_SIDE
    search = cv2.DISOpticalFlow.create(
        cv2.DISOPTICAL_FLOW_PRESET_FAST if fast else cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
    )
    before, after = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (earlier, later))
    nothing = np.zeros((height, width, 2), np.float32)
    back = np.asarray(search.calc(after, before, nothing.copy()), np.float32)
    forth = np.asarray(search.calc(before, after, nothing), np.float32)
    places = _grid(height, width) + back
    columns, rows = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    found = Motion(columns, rows, _inside(columns, rows))
    returned = np.asarray(cv2.remap(forth, places, _NO_MAP, cv2.INTER_LINEAR), np.float32)
    consistent = _squared(back + returned) < 0.01 * (_squared(back) + _squared(returned)) + 0.5
    change = cv2.absdiff(cv2.blur(found.carry(earlier), (3, 3)), cv2.blur(later, (3, 3)))
    red, green, blue = cv2.split(change)
    alike = np.asarray(cv2.max(cv2.max(red, green), blue)) < STEP_LEVELS
    followed = found.followed & consistent & alike
    core = cv2.erode(followed, np.ones((3, 3), np.uint8))
    return Motion(columns, rows, np.asarray(core, np.uint8))


def known_motion(height: int, width: int, columns: float, rows: float) -> Motion:
    """Return the motion of a pan: what is at (x, y) in the later frame was at (x + columns, y + rows)."""
    places = _grid(height, width) + np.array([columns, rows], np.float32)
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    return Motion(x, y, _inside(x, y))


@lru_cache(maxsize=2)
def _grid(height: int, width: int) -> NDArray[np.float32]:
    """(H, W, 2): the (column, row) of each pixel, shared by all callers."""
    rows, columns = np.indices((height, width), np.float32)
    return np.stack([columns, rows], axis=-1)


def _squared(vectors: NDArray[np.float32]) -> Plane:
    """The squared lengths of (H, W, 2) vectors."""
    return np.einsum("hwc,hwc->hw", vectors, vectors)


def _inside(columns: Plane, rows: Plane) -> NDArray[np.uint8]:
    """1 where both the pixel and the place that it comes from lie RIM pixels or more from the border."""
    height, width = rows.shape
    right, bottom = width - 1 - RIM, height - 1 - RIM
    comes = (columns >= RIM) & (columns <= right) & (rows >= RIM) & (rows <= bottom)
    inside = np.zeros((height, width), np.uint8)
    inside[RIM : height - RIM, RIM : width - RIM] = 1
    return inside & comes
