"""Smooth random fields, from which the computed pictures take their irregularity."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.floating[Any]]
"""(side, side), one number per pixel."""


def smooth_noise(side: int, cells: int, octaves: int, random: np.random.Generator) -> Field:
    """Fractal value noise in 0..1 (both reached): `cells` waves across, each octave twice as fine and 0.55
    as strong.
    """
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        grid = random.standard_normal((cells * 2**octave + 3,) * 2).astype(np.float32)
        layer = Image.fromarray(grid).resize((side, side), Image.Resampling.BICUBIC)
        total += np.float32(0.55**octave) * np.asarray(layer)
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low)


def evenly_spread(field: Field) -> Field:
    """The same field with every value in 0..1 equally frequent and the order of the pixels kept."""
    values = np.sort(field[::7, ::5], axis=None)
    return np.interp(field, values, np.linspace(0, 1, len(values), dtype=np.float32)).astype(np.float32)
