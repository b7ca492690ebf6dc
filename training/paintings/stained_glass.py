"""A leaded window: irregular panes of glowing glass between dark strips of lead."""

import numpy as np
from numpy.typing import NDArray

from training.paintings.noise import Field, smooth_noise

GLASS = np.array(
    [
        (18, 44, 128),
        (28, 92, 176),
        (40, 150, 196),
        (22, 122, 84),
        (250, 206, 70),
        (238, 140, 36),
        (196, 34, 44),
        (120, 34, 110),
        (242, 232, 200),
    ],
    np.float32,
)
"""Colours of the glass, RGB, ordered so that neighbours in the list look well side by side."""

LEAD = np.array((16, 15, 20), np.float32)
PANES_ACROSS = 13
LEAD_WIDTH = 0.0055
"""Half the width of a lead strip, as a fraction of the picture's side."""


def stained_glass(side: int, seed: int) -> NDArray[np.uint8]:
    """(side, side, 3) uint8 RGB; the same picture for the same side and seed."""
    random = np.random.default_rng(seed)
    centres = _jittered_grid(side, random)
    nearest, to_edge = _panes(_bent_coordinates(side, random), centres)

    theme = smooth_noise(side, 3, 3, random)
    at = centres.clip(0, side - 1).astype(int)
    tone = theme[at[:, 1], at[:, 0]] * len(GLASS) + random.normal(0, 1.1, len(centres))
    colours = GLASS[tone.astype(int) % len(GLASS)] + random.normal(0, 12, (len(centres), 3)).astype(
        np.float32
    )

    # Light falls through thick glass unevenly: brighter in the middle of a pane, streaked along the pull of
    # the glass.
    streaks = 0.74 + 0.5 * smooth_noise(side, 9, 5, random)
    width = LEAD_WIDTH * side
    glow = (0.80 + 0.32 * np.clip(to_edge / (4 * width), 0, 1)) * streaks
    lead = np.clip(to_edge - width, -1, 1)[..., None] * 0.5 + 0.5
    shine = 34 * np.exp(-((2 * to_edge / width) ** 2))[..., None]
    picture = colours[nearest] * glow[..., None] * lead + (LEAD + shine) * (1 - lead)
    return picture.clip(0, 255).astype(np.uint8)


def _jittered_grid(side: int, random: np.random.Generator) -> Field:
    """Pane centres (n, 2) as x, y, reaching one pane beyond the picture."""
    pitch = side / PANES_ACROSS
    steps = (np.arange(PANES_ACROSS + 2) - 0.5) * pitch
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    return (grid + random.uniform(-0.4, 0.4, grid.shape) * pitch).astype(np.float32)


def _bent_coordinates(side: int, random: np.random.Generator) -> Field:
    """(side, side, 2) x, y of every pixel, bent a little: hand-cut glass has no straight edge."""
    bend = 0.045 * side
    across = np.arange(side, dtype=np.float32)
    x = across[None, :] + bend * (smooth_noise(side, 5, 3, random) - 0.5)
    y = across[:, None] + bend * (smooth_noise(side, 5, 3, random) - 0.5)
    return np.stack([x, y], -1, dtype=np.float32)


def _panes(points: Field, centres: Field) -> tuple[NDArray[np.intp], Field]:
    """For every pixel (side, side): the index of its pane and its distance in px to the pane's edge.

    A pane is the Voronoi cell of its centre, so the edge lies where two centres are equally near: at the
    distance (b^2 - a^2) / 2c for distances a, b to the two centres and c between them.
    """
    side = len(points)
    index = np.empty((side, side), np.intp)
    to_edge = np.empty((side, side), np.float32)
    for row, line in enumerate(points):
        squares = ((line[:, None] - centres[None]) ** 2).sum(-1)
        near = np.argpartition(squares, 3, axis=1)[:, :4]
        ordered = np.take_along_axis(near, np.take_along_axis(squares, near, 1).argsort(1), 1)
        pane, others = ordered[:, :1], ordered[:, 1:]
        gap = np.take_along_axis(squares, others, 1) - np.take_along_axis(squares, pane, 1)
        between = np.sqrt(((centres[others] - centres[pane]) ** 2).sum(-1))
        index[row], to_edge[row] = pane[:, 0], (gap / (2 * between)).min(axis=1)
    return index, to_edge
