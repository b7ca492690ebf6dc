"""A video for the network to practise on, and to learn from its motion what has to stay as it is."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from scoring.flow import estimate_motion
from training.crops import Light, Window, random_crop
from training.moments import Moment, read_moments
from training.photos import LONGEST_SIDE
from training.pictures import from_image

MOMENTS = 150
"""Pairs of frames held in memory of one video; at 960x540 they take 460 MB."""

MARGIN = 16
"""Pixels around a crop that are looked at when its motion is estimated."""

SMALLEST_SHARE = 0.3
"""Share of a crop's pixels that must be found in both frames; others teach nothing about motion."""

TRIES = 8
"""Crops that are drawn to find one with motion that can be followed."""


class Pair(NamedTuple):
    """Squares of two consecutive frames, in the same place and light.

    first, second: (3, size, size) in 0..1. flow (2, size, size): how many px to the right and down the thing
    at each pixel of `first` is further on in `second`. mask (1, size, size): 1 where that is known and lies
    inside, else 0.
    """

    first: Tensor
    second: Tensor
    flow: Tensor
    mask: Tensor


class Film:
    """Frames of one video, evenly spread over it, in memory; each with the one after it."""

    def __init__(self, video: Path, moments: int = MOMENTS) -> None:
        """Raises Refusal when the file is no video that can be read."""
        self._moments = read_moments(video, moments, LONGEST_SIDE)
        self._frames = [frame for moment in self._moments for frame in moment if frame is not None]
        self._moving = [moment for moment in self._moments if moment.second is not None]

    def __len__(self) -> int:
        """Number of frames held."""
        return len(self._frames)

    def crops(self, count: int, size: int, random: np.random.Generator, recolour: bool = True) -> Tensor:
        """See :class:`training.content.Content`."""
        chosen = [self._frames[random.integers(len(self._frames))] for _ in range(count)]
        return torch.stack([random_crop(frame, size, random, recolour) for frame in chosen])

    def pair(self, size: int, random: np.random.Generator) -> Pair | None:
        """See :class:`training.content.Content`."""
        for _ in range(TRIES if self._moving else 0):
            moment = self._moving[random.integers(len(self._moving))]
            found = _pair(moment, size, random)
            if found is not None:
                return found
        return None


def _pair(moment: Moment, size: int, random: np.random.Generator) -> Pair | None:
    first, second = moment
    assert second is not None
    window = Window.drawn(first.width, first.height, size + 2 * MARGIN, random)
    wide = [window.cut(frame) for frame in (first, second)]
    earlier, later = (np.asarray(crop) for crop in wide)
    # Backwards in time, so that every pixel of the first frame learns where it is in the second.
    motion = estimate_motion(later, earlier)
    places = np.stack([motion.columns, motion.rows])
    rows, columns = np.indices(motion.rows.shape, np.float32)
    inner = slice(MARGIN, MARGIN + size)
    inside = ((places >= MARGIN) & (places <= MARGIN + size - 1)).all(0)
    mask = (motion.followed.astype(bool) & inside)[inner, inner]
    if mask.mean() < SMALLEST_SHARE:
        return None
    flow = (places - np.stack([columns, rows]))[:, inner, inner]
    here, there = Light.drawn(random).on(*(_inner(crop, size) for crop in wide))
    return Pair(here, there, torch.from_numpy(flow.copy()), torch.from_numpy(mask[None].astype(np.float32)))


def _inner(crop: Image.Image, size: int) -> Tensor:
    return from_image(crop)[:, MARGIN : MARGIN + size, MARGIN : MARGIN + size]
