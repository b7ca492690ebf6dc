"""An oil painting in thick strokes that swirl around warm suns: bristle marks, ridges, a raking light."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.paintings.noise import Field, evenly_spread, smooth_noise

COOL = np.array(
    [(10, 16, 44), (16, 34, 92), (26, 66, 142), (36, 110, 160), (84, 158, 172), (166, 206, 190)], np.float32
)
WARM = np.array(
    [(52, 18, 22), (136, 34, 24), (204, 74, 26), (240, 142, 34), (252, 200, 74), (255, 238, 178)], np.float32
)
"""Colours from dark to light."""

GROUND = np.array([(20, 38, 84), (226, 150, 52)], np.float32)
"""The canvas between the strokes, in the cool and in the warm parts."""

SUNS = 7
FINER = 2
"""Painted this many times larger and scaled down, so that bristles have soft edges."""

LAYERS = ((0.030, 4.2, 5.0), (0.019, 5.0, 2.4), (0.011, 6.5, 1.3))
"""Each layer, the lowest first: half the stroke's width as a fraction of the side, its length in widths, how
often it covers the canvas."""

BRISTLES = 17
"""Marks across one stroke."""


@dataclass(frozen=True)
class _Scene:
    """flow: (side, side) direction in radians; light: 0..1; warm: 0..1."""

    flow: Field
    light: Field
    warm: Field


def impasto(side: int, seed: int) -> NDArray[np.uint8]:
    """(side, side, 3) uint8 RGB; the same picture for the same side and seed."""
    random = np.random.default_rng(seed)
    large = side * FINER
    scene = _scene(large, random)
    colour = GROUND[0] + (GROUND[1] - GROUND[0]) * scene.warm[..., None]
    height = np.zeros((large, large), np.float32)
    for half_width, length, coverage in LAYERS:
        _layer(scene, colour, height, half_width * large, length, coverage, random)

    relief = height * (large / 1024)
    down, right = np.gradient(relief)
    raking = -(right * 0.72 + down * 0.95)
    shaded = colour * (1 + 0.34 * np.tanh(1.5 * raking))[..., None]
    shaded += 70 * np.clip(np.tanh(raking) - 0.45, 0, 1)[..., None]
    painted = Image.fromarray(shaded.clip(0, 255).astype(np.uint8))
    return np.array(painted.resize((side, side), Image.Resampling.BOX))


def _scene(side: int, random: np.random.Generator) -> _Scene:
    at = np.linspace(0, 1, side, dtype=np.float32)
    x, y = at[None, :], at[:, None]
    wander = 2.4 * (smooth_noise(side, 3, 2, random) - 0.5)
    vx, vy = 0.9 * np.cos(wander), 0.9 * np.sin(wander)
    glow = np.zeros((side, side), np.float32)
    rings = np.zeros((side, side), np.float32)
    for sun_x, sun_y in _sun_places(random):
        radius = random.uniform(0.07, 0.13)
        turn = random.choice((-1.0, 1.0))
        dx, dy = x - np.float32(sun_x), y - np.float32(sun_y)
        distance = np.sqrt(dx * dx + dy * dy) + 1e-4
        pull = 2.6 * np.exp(-((distance / (1.9 * radius)) ** 2))
        vx = vx - turn * pull * dy / distance
        vy = vy + turn * pull * dx / distance
        glow = np.maximum(glow, np.exp(-((distance / radius) ** 2)))
        rings += np.exp(-((distance / (2.6 * radius)) ** 2)) * np.cos(distance / radius * 5.2)
    depth = smooth_noise(side, 4, 3, random)
    light = evenly_spread(0.74 * depth + 0.42 * glow + 0.13 * rings)
    embers = np.clip(3.2 * (smooth_noise(side, 5, 2, random) - 0.56), 0, 1)
    warm = np.clip(1.5 * glow + 0.9 * embers, 0, 1)
    return _Scene(np.arctan2(vy, vx).astype(np.float32), light, warm)


def _sun_places(random: np.random.Generator) -> NDArray[np.float64]:
    """(SUNS, 2) x, y in 0..1, the farthest apart of many tries."""
    places = random.uniform(0.08, 0.92, (1, 2))
    while len(places) < SUNS:
        tries = random.uniform(0.06, 0.94, (40, 2))
        nearest = np.linalg.norm(tries[:, None] - places[None], axis=-1).min(axis=1)
        places = np.concatenate([places, tries[nearest.argmax()][None]])
    return places


def _layer(
    scene: _Scene,
    colour: Field,
    height: Field,
    half_width: float,
    length: float,
    coverage: float,
    random: np.random.Generator,
) -> None:
    """Paint strokes over the whole canvas, and a little beyond, in random order."""
    side = len(height)
    each = (2 * half_width) * (2 * half_width * length)
    count = int(coverage * side * side / each)
    for x, y in random.uniform(-2 * half_width, side + 2 * half_width, (count, 2)):
        _stroke(scene, colour, height, (x, y), half_width * random.uniform(0.7, 1.2), length, random)


def _stroke(
    scene: _Scene,
    colour: Field,
    height: Field,
    middle: tuple[float, float],
    half_width: float,
    length: float,
    random: np.random.Generator,
) -> None:
    """One stroke, placed sample by sample; samples are closer than pixels, so that it has no holes."""
    side = len(height)
    line, heading = _path(
        scene.flow, middle, 2 * half_width * length * random.uniform(0.6, 1.2), half_width / 2
    )
    steps = int(len(line) * half_width / 2 * 1.5)
    at = np.linspace(0, len(line) - 1, steps)
    whole = np.arange(len(line))
    x = np.interp(at, whole, line[:, 0])
    y = np.interp(at, whole, line[:, 1])
    turn = np.interp(at, whole, heading)

    across = np.linspace(-1, 1, int(3.2 * half_width))
    s = np.linspace(0, 1, steps)[:, None]
    marks = random.normal(0, 1, BRISTLES)
    hairs = np.sort(random.uniform(-1.05, 1.05, BRISTLES))
    bristle = np.interp(across, hairs, marks)[None, :]
    # The brush is round at its start and runs dry in single bristles at its end.
    body = (1 - np.abs(across) ** 4)[None, :] * np.clip(s * 9, 0, 1) ** 0.5
    kept = (across[None, :] ** 2 < 1 - np.clip(1 - s * 7, 0, 1) ** 2) & (s < 0.93 + 0.06 * bristle)
    raised = half_width * (0.30 * body + 0.065 * bristle + 0.13 * np.abs(across[None, :]) ** 3 + 0.10 * s)

    place = (int(np.clip(middle[1], 0, side - 1)), int(np.clip(middle[0], 0, side - 1)))
    paint, other = _mixed(scene, place, random), _mixed(scene, place, random)
    blend = np.clip(0.35 + 0.33 * bristle + 0.25 * (s - 0.5), 0, 1)[..., None]
    tint = paint + (other - paint) * blend

    column = (x[:, None] - np.sin(turn)[:, None] * across * half_width).astype(np.int32)
    row = (y[:, None] + np.cos(turn)[:, None] * across * half_width).astype(np.int32)
    kept &= (column >= 0) & (column < side) & (row >= 0) & (row < side)
    column, row = column[kept], row[kept]
    colour[row, column] = tint[kept]
    height[row, column] = raised[kept]


def _path(flow: Field, middle: tuple[float, float], length: float, step: float) -> tuple[Field, Field]:
    """Points (n, 2) as x, y along the flow, half of them on either side of the middle, and the heading (n,)
    there in radians, without jumps.
    """
    half = max(2, int(length / step / 2))
    before = _walk(flow, middle, half, -step)
    after = _walk(flow, middle, half, step)
    points = np.concatenate([before[:0:-1], after])
    return points[:, :2], np.unwrap(points[:, 2])


def _walk(flow: Field, start: tuple[float, float], count: int, step: float) -> Field:
    """(count, 3) x, y and heading of a walk along the flow, or against it if the step is negative."""
    last = len(flow) - 1
    x, y = start
    walked = np.empty((count, 3))
    for index in range(count):
        angle = float(flow[min(max(int(y), 0), last), min(max(int(x), 0), last)])
        walked[index] = x, y, angle
        # Half a step further the direction is better known: this keeps a walk around a sun on its circle.
        half_x, half_y = x + step / 2 * np.cos(angle), y + step / 2 * np.sin(angle)
        angle = float(flow[min(max(int(half_y), 0), last), min(max(int(half_x), 0), last)])
        x, y = x + step * np.cos(angle), y + step * np.sin(angle)
    return walked


def _mixed(scene: _Scene, at: tuple[int, int], random: np.random.Generator) -> Field:
    """A colour (3,) from the palette for a place in the scene, never twice quite the same."""
    tone = np.clip(scene.light[at] + random.normal(0, 0.11), 0, 1) * (len(COOL) - 1)
    palette = WARM if random.random() < 0.06 + 0.9 * scene.warm[at] else COOL
    low = min(int(tone), len(palette) - 2)
    mixed = palette[low] + (palette[low + 1] - palette[low]) * (tone - low)
    return (mixed + random.normal(0, 7, 3)).astype(np.float32)
