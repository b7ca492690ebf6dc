"""A pen drawing: domes and hollows hatched in brown-black ink on warm paper, cross-hatched in the shade."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.paintings.noise import Field, evenly_spread, smooth_noise
from training.paintings.shapes import Shapes, overlapping_shapes

INK = np.array((38, 24, 20), np.float32)
PAPER = np.array((243, 229, 202), np.float32)
PITCH = 1 / 104
"""Distance between two strokes of a hatching, as a fraction of the picture's side."""

HATCHINGS = (
    (0.30, 0.00, 1.03),
    (-0.25, 1.15, 0.46),
    (0.22, 0.55, 0.25),
    (0.18, -0.62, 0.12),
)
"""Each: how much its strokes bend around the form, its angle in radians to the form, and the light (0..1)
below which it is laid; the deeper the shade, the more of them cross."""

FINER = 2
"""The drawing is made this many times larger and scaled down, so that every stroke has a soft edge."""


def ink_hatching(side: int, seed: int) -> NDArray[np.uint8]:
    """(side, side, 3) uint8 RGB; the same picture for the same side and seed."""
    random = np.random.default_rng(seed)
    large = side * FINER
    shapes = overlapping_shapes(large, 5, 56, random)
    light = evenly_spread(shapes.light + 0.16 * (smooth_noise(large, 6, 3, random) - 0.5))
    ink = _contours(shapes, large, random)
    for bend, angle, below in HATCHINGS:
        np.maximum(ink, _hatching(shapes, light, bend, angle, below, random), out=ink)

    paper = PAPER * (0.955 + 0.07 * smooth_noise(large, 24, 4, random))[..., None]
    wash = np.clip((0.50 - light) / 0.5, 0, 1)[..., None]
    paper = paper * (1 - wash * (0.24, 0.36, 0.46))
    density = (0.86 + 0.14 * smooth_noise(large, 60, 2, random))[..., None]
    picture = paper + (INK - paper) * ink[..., None] * density
    drawn = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return np.array(drawn.resize((side, side), Image.Resampling.BOX))


def _hatching(
    shapes: Shapes, light: Field, bend: float, angle: float, below: float, random: np.random.Generator
) -> Field:
    """Ink 0..1 of one family of strokes: they swell as the light falls and end where it is too bright."""
    side = len(light)
    pitch = side * PITCH
    u = shapes.along * np.float32(np.cos(angle)) + shapes.across * np.float32(np.sin(angle))
    v = shapes.across * np.float32(np.cos(angle)) - shapes.along * np.float32(np.sin(angle))
    tremble = 1.1 * pitch * (smooth_noise(side, 14, 3, random) - 0.5)
    form = np.float32(0.11 * side)
    place = (v + np.float32(bend) * (np.sqrt(u * u + form * form) - form) * 2.2 + tremble) / pitch
    stroke = np.floor(place)
    off_centre = np.abs(place - stroke - 0.5) * pitch
    # A pen is lifted at a different light for every stroke.
    lifted = random.uniform(-0.10, 0.10, 997)[(stroke.astype(np.int64) + 31 * shapes.index) % 997]
    pressure = np.clip((below + lifted.astype(np.float32) - light) / 0.95, 0, 1)
    width = pitch * 0.40 * pressure**0.7
    return np.clip(width - off_centre + 0.5, 0, 1) * (pressure > 0)


def _contours(shapes: Shapes, side: int, random: np.random.Generator) -> Field:
    """Ink 0..1 of the outlines, drawn with a varying hand."""
    width = side * 0.0021 * (0.35 + 1.5 * smooth_noise(side, 10, 2, random))
    return np.clip(width - shapes.edge + 0.5, 0, 1)
