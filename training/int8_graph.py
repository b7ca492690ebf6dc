"""The network of a shipped style on 8 bit whole numbers, from the frame's bytes to the painting's.

Four pixels of a row are read as one of twelve channels, which costs nothing, as their bytes already lie side
by side; so the first convolution has channels enough to be fast and takes the picture as it is, unrounded.
The last one paints all sixteen pixels of a cell at once; its whole numbers, cut off at 0 and 255, are the
painting. As in the float graph no layer computes a rim that no later one looks at. A range that begins at 0
makes a ReLU.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from training.cells import Axis, on_cells
from training.edges import mirrored, pixels_of_cells, rim
from training.frame_model import frame_model
from training.graph import Array, Graph

BYTE = 255
WEIGHT = 127
"""Largest levels of what flows and of a weight."""

LARGEST_BIAS = 2**30
"""Steps that a bias may have, half of what fits into 32 bits, since products are added to it."""

STEM = Axis(2, 2), Axis(2, 2, inputs=4, outputs=2)
DOWN = Axis(2, 1), Axis(2, 1, inputs=2)
PAINT = Axis(inputs=2, outputs=2), Axis(inputs=2, outputs=2)
"""Rows and columns of the convolutions that work on cells."""


@dataclass(frozen=True)
class Levels:
    """What the 256 levels of a tensor mean: level `zero` is 0, one more is `step` more."""

    step: float
    zero: int

    @classmethod
    def between(cls, low: float, high: float) -> "Levels":
        """Levels that hold `low` to `high`, and 0 exactly."""
        low, high = min(low, 0.0), max(high, 1e-6)
        step = (high - low) / BYTE
        return cls(step, round(-low / step))


PICTURE = Levels(1.0, 0)


def tensors(blocks: int) -> tuple[str, ...]:
    """Names of the exported model's tensors whose ranges `int8_model` has to know."""
    inner = (f"block{index}{part}" for index in range(blocks) for part in (".relu", ".second", ""))
    return ("stem.relu", "down.relu", *inner, "body.relu", "up.relu")


def int8_model(
    weights: Mapping[str, Array], ranges: Mapping[str, tuple[float, float]], metadata: Mapping[str, str]
) -> ModelProto:
    """The model in whole numbers.

    weights: the constants of the exported model by name. ranges: lowest and highest value of every tensor
    that `tensors` names. metadata: its properties.
    Raises KeyError for a missing constant or range.
    """
    graph = _WholeNumbers(weights, ranges)
    blocks = sum(name.startswith("block") and name.endswith("first.weight") for name in weights)
    above, below = rim(blocks)
    size = graph.node("Shape", "size", "frames", start=1, end=3)
    x = mirrored(graph, "frames", size, (above, below), (above + 4, below + 3))
    channels = graph.integers("quad.shape", 0, 0, -1, 12)
    x = graph.node("Transpose", "quads", graph.node("Reshape", "quad", x, channels), perm=[0, 3, 1, 2])
    graph.levels[x] = PICTURE
    x = graph.whole_conv("stem", x, "stem.relu", on=STEM)
    x = graph.whole_conv("down", x, "down.relu", on=DOWN)
    for index in range(blocks):
        name = f"block{index}"
        y = graph.whole_conv(f"{name}.first", x, f"{name}.relu")
        y = graph.whole_conv(f"{name}.second", y, f"{name}.second")
        x = graph.sum(name, graph.inner(x, 2), y, "body.relu" if index == blocks - 1 else name)
    # Its own zeros reach only sub-pixels that nothing reads.
    x = graph.whole_conv("up", x, "up.relu", pad=1)
    x = graph.whole_conv("paint", x, None, on=PAINT)
    pixels_of_cells(graph, x, size)
    return frame_model(graph.nodes, graph.weights, metadata)


class _WholeNumbers(Graph):
    """A graph whose tensors have levels."""

    def __init__(self, weights: Mapping[str, Array], ranges: Mapping[str, tuple[float, float]]) -> None:
        super().__init__()
        self._float = weights
        self._ranges = ranges
        self.levels: dict[str, Levels] = {}

    def whole_conv(
        self, name: str, x: str, gives: str | None, on: tuple[Axis, Axis] | None = None, pad: int = 0
    ) -> str:
        """The convolution of that name, whose result has the range of the tensor `gives`, or is the painting.

        Raises KeyError for a missing constant or range.
        """
        weight, bias = self._float[f"{name}.weight"], self._float[f"{name}.bias"]
        strides = [1, 1]
        if name == "paint":
            # The file has one bias for each of a cell's bytes, and half a level more, by which it rounds.
            bias = bias[: len(weight)] - 0.5
        if on is not None:
            weight, bias = on_cells(weight, bias, *on)
            strides = [axis.step for axis in on]
        if name == "paint":
            weight, bias = _rows_of_pixels(weight), _rows_of_pixels(bias)
        given = self.levels[x]
        wanted = PICTURE if gives is None else Levels.between(*self._ranges[gives])
        steps = np.maximum(np.abs(weight).max((1, 2, 3)) / WEIGHT, np.abs(bias) / (LARGEST_BIAS * given.step))
        steps = np.maximum(steps, 1e-12)
        whole = np.round(weight / steps[:, None, None, None])
        self.levels[name] = wanted
        return self.node(
            "QLinearConv",
            name,
            x,
            *self._scale(f"{name}.given", given),
            self.constant(f"{name}.weight", whole, np.int8),
            self.floats(f"{name}.steps", steps),
            self.constant(f"{name}.zeros", np.zeros(len(steps)), np.int8),
            *self._scale(f"{name}.wanted", wanted),
            self.constant(f"{name}.bias", np.round(bias / (steps * given.step)), np.int32),
            kernel_shape=list(weight.shape[2:]),
            strides=strides,
            pads=[pad] * 4,
        )

    def inner(self, x: str, rim: int) -> str:
        """`x` without so many cells on every side."""
        name = f"{x}.inner"
        first, last = self.integers(f"{name}.first", rim, rim), self.integers(f"{name}.last", -rim, -rim)
        self.levels[name] = self.levels[x]
        return self.node("Slice", name, x, first, last, self.integers(f"{name}.axes", 2, 3))

    def sum(self, name: str, a: str, b: str, gives: str) -> str:
        """a + b, of the range of the tensor `gives`; onnxruntime makes one node of the four."""
        parts = [
            self.node("DequantizeLinear", f"{name}.{n}", x, *self._scale(f"{name}.{n}.given", self.levels[x]))
            for n, x in (("a", a), ("b", b))
        ]
        self.levels[name] = Levels.between(*self._ranges[gives])
        total = self.node("Add", f"{name}.sum", *parts)
        return self.node("QuantizeLinear", name, total, *self._scale(f"{name}.wanted", self.levels[name]))

    def _scale(self, name: str, levels: Levels) -> tuple[str, str]:
        step = self.constant(f"{name}.step", levels.step, np.float32)
        zero = self.constant(f"{name}.zero", levels.zero, np.uint8)
        return step, zero


def _rows_of_pixels(values: Array) -> NDArray[np.float64]:
    """Outputs ordered by half pixel and sub-pixel -> by row, column, channel of the cell's 4x4 pixels."""
    cells = values.reshape(2, 2, 2, 2, 3, *values.shape[1:])
    return cells.swapaxes(1, 2).reshape(values.shape)
