"""A comic print: flat inks, round dots on a screen, dark outlines, slightly out of register."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.paintings.noise import Field, smooth_noise
from training.paintings.shapes import Shapes, overlapping_shapes

PAPER = (250, 242, 222)
YELLOW = (255, 214, 20)
RED = (226, 36, 44)
CYAN = (20, 166, 214)
NAVY = (22, 30, 92)
PINK = (250, 142, 140)
BLACK = np.array((18, 16, 28), np.float32)

PRINTS = np.array(
    [
        (PAPER, RED),
        (PAPER, CYAN),
        (YELLOW, RED),
        (CYAN, NAVY),
        (RED, NAVY),
        (PAPER, NAVY),
        (YELLOW, CYAN),
        (PINK, RED),
        (NAVY, CYAN),
        (PAPER, RED),
        (CYAN, NAVY),
        (RED, NAVY),
    ],
    np.float32,
)
"""Each: the flat ink of a shape and the ink of the dots on it."""

PITCH = 1 / 62
"""Distance between two dots, as a fraction of the picture's side."""

SCREEN = np.deg2rad(45)
MISREGISTER = 0.0026
"""How far the dots are printed beside the flat inks, as a fraction of the side."""

FINER = 2
"""The print is made this many times larger and scaled down, so that every dot has a soft edge."""


def halftone(side: int, seed: int) -> NDArray[np.uint8]:
    """(side, side, 3) uint8 RGB; the same picture for the same side and seed."""
    random = np.random.default_rng(seed)
    large = side * FINER
    shapes = overlapping_shapes(large, 5, 44, random)
    prints = PRINTS[_inks(int(shapes.index.max()) + 1, random)][shapes.index]
    shade = np.clip(1.06 - shapes.light + 0.22 * (smooth_noise(large, 5, 2, random) - 0.5), 0, 1)

    slip = round(large * MISREGISTER)
    dots = np.roll(_dots(large, 0.04 + 0.92 * shade), (slip, slip), (0, 1))[..., None]
    picture = prints[:, :, 0] + (prints[:, :, 1] - prints[:, :, 0]) * dots
    ink = np.maximum(_outlines(shapes, large, random), _shadows(shade, large))[..., None]
    picture = picture + (BLACK - picture) * ink
    picture *= (0.955 + 0.06 * smooth_noise(large, 90, 2, random))[..., None]
    printed = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return np.array(printed.resize((side, side), Image.Resampling.BOX))


def _inks(count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """One print for each shape, all of them equally often."""
    rounds = -(-count // len(PRINTS))
    return np.concatenate([random.permutation(len(PRINTS)) for _ in range(rounds)])[:count]


def _dots(side: int, cover: Field) -> Field:
    """Ink 0..1 of round dots on a turned screen that cover the given share (0..1) of the paper."""
    pitch = side * PITCH
    at = np.arange(side, dtype=np.float32)
    cosine, sine = np.float32(np.cos(SCREEN)), np.float32(np.sin(SCREEN))
    u = ((at[None, :] * cosine + at[:, None] * sine) / pitch) % 1 - 0.5
    v = ((at[:, None] * cosine - at[None, :] * sine) / pitch) % 1 - 0.5
    from_dot = np.sqrt(u * u + v * v) * pitch
    radius = np.sqrt(cover / np.pi) * pitch
    return np.clip(radius - from_dot + 0.5, 0, 1)


def _outlines(shapes: Shapes, side: int, random: np.random.Generator) -> Field:
    """Ink 0..1 of a brushed outline, thick on the side away from the light."""
    hand = 0.55 + 0.9 * smooth_noise(side, 7, 2, random)
    width = side * 0.0042 * hand * (1.55 - shapes.light)
    return np.clip(width - shapes.edge + 0.5, 0, 1)


def _shadows(shade: Field, side: int) -> Field:
    """Ink 0..1 of the spots where the printer gave up on dots: the deepest shade is solid."""
    return np.clip((shade - 0.90) * side * 0.02, 0, 1)
