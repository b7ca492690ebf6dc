"""Rounded shapes that overlap like pebbles: the subject that the drawn and the printed picture share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.paintings.noise import Field

SHADOW_REACH = 1.28
"""A shape darkens what lies under it as far as this multiple of its radius."""

ANGLES = 4096
"""Entries in the table of a shape's radius by angle."""

LIGHT = np.array((-0.50, -0.62, 0.60), np.float32)
"""Direction to the light (right, down, towards the eye), length 1."""


@dataclass(frozen=True)
class Shapes:
    """What every pixel shows, each array (side, side).

    index: the shape seen there, 0 the first laid down. along, across: position in px from the shape's
    middle, turned with the shape. edge: distance in px to the shape's outline, 0 upwards. light: 0 in the
    deepest shade to 1 in full light, as if every shape were a dome.
    """

    index: NDArray[np.int32]
    along: Field
    across: Field
    edge: Field
    light: Field


def overlapping_shapes(side: int, across: int, on_top: int, random: np.random.Generator) -> Shapes:
    """`across` x `across` large shapes that cover everything, then `on_top` ever smaller ones over them."""
    pitch = side / across
    steps = (np.arange(across + 1)) * pitch
    ground = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    ground = ground + random.uniform(-0.3, 0.3, ground.shape) * pitch
    random.shuffle(ground)
    above = random.uniform(-0.02, 1.02, (on_top, 2)) * side
    middles = np.concatenate([ground, above])
    radii = np.concatenate([np.full(len(ground), 1.08 * pitch), pitch * np.linspace(0.85, 0.30, on_top)])

    shapes = Shapes(
        np.zeros((side, side), np.int32),
        *(np.full((side, side), fill, np.float32) for fill in (0, 0, 9e9, 0.4)),
    )
    for number, (middle, radius) in enumerate(zip(middles, radii, strict=True)):
        _lay(shapes, number, middle, radius, random)
    return shapes


def _lay(shapes: Shapes, number: int, middle: Field, radius: float, random: np.random.Generator) -> None:
    angles = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
    outline = np.ones(ANGLES)
    for waves, strength in ((2, 0.20), (3, 0.08), (5, 0.03)):
        outline += strength * random.uniform(0.4, 1) * np.cos(waves * angles + random.uniform(0, 2 * np.pi))
    outline = (outline * radius).astype(np.float32)
    turn = random.uniform(0, np.pi)

    reach = float(outline.max()) * SHADOW_REACH
    first = np.maximum(np.floor(middle - reach).astype(int), 0)
    behind = np.maximum(np.minimum(np.ceil(middle + reach).astype(int), len(shapes.index)), first)
    box = (slice(first[1], behind[1]), slice(first[0], behind[0]))
    x = (np.arange(first[0], behind[0], dtype=np.float32) - np.float32(middle[0]))[None, :]
    y = (np.arange(first[1], behind[1], dtype=np.float32) - np.float32(middle[1]))[:, None]
    here = outline[(np.arctan2(y, x) * np.float32(ANGLES / (2 * np.pi))).astype(np.int32) % ANGLES]
    distance = np.sqrt(x * x + y * y)
    out = distance / here

    dimmed = np.clip((out - 1) / (SHADOW_REACH - 1), 0, 1) ** 0.7
    shapes.light[box] *= np.where(out > 1, 0.25 + 0.75 * dimmed, 1)
    seen = out <= 1
    height = np.sqrt(np.clip(1 - out * out, 0, 1))
    flat = out / np.maximum(distance, 1e-3)
    lit = LIGHT[0] * x * flat + LIGHT[1] * y * flat + LIGHT[2] * height
    own = random.uniform(0.62, 1.18)
    shaded = np.clip((0.40 + 0.62 * lit) * own, 0, 1)
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    for field, value in (
        (shapes.along, x * cosine + y * sine),
        (shapes.across, y * cosine - x * sine),
        (shapes.edge, here - distance),
        (shapes.light, shaded),
    ):
        field[box][seen] = value[seen]
    shapes.index[box][seen] = number
