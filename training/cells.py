"""Convolutions rewritten to work on cells: neighbouring pixels side by side as channels of one.

What a convolution sees is the same, and so is what it gives, up to the order of sums; what differs is the
shape of the work. Many channels at a low resolution are what processors are fast at.
"""

from dataclasses import dataclass

import numpy as np

from training.graph import Array


@dataclass(frozen=True)
class Axis:
    """How a convolution runs along one axis, and how its pixels are grouped.

    stride, pad: of the convolution, in its input's pixels. inputs, outputs: px per cell, before and after.
    """

    stride: int = 1
    pad: int = 1
    inputs: int = 1
    outputs: int = 1

    def __post_init__(self) -> None:
        if self.stride * self.outputs % self.inputs:
            raise ValueError("cells of the output must begin where cells of the input do")

    @property
    def step(self) -> int:
        """Cells of the input from one cell of the output to the next."""
        return self.stride * self.outputs // self.inputs

    def taps(self, kernel: int) -> list[tuple[int, int, int, int]]:
        """(pixel of the output cell, tap, input cell relative to the output's, pixel of it), all of them."""
        return [
            (pixel, tap, *divmod(self.stride * pixel + tap - self.pad, self.inputs))
            for pixel in range(self.outputs)
            for tap in range(kernel)
        ]

    def reach(self, kernel: int) -> tuple[int, int]:
        """First and last cell that is read, relative to the output's."""
        cells = [cell for _, _, cell, _ in self.taps(kernel)]
        return min(cells), max(cells)


def on_cells(weight: Array, bias: Array, rows: Axis, columns: Axis) -> tuple[Array, Array]:
    """The same convolution from cells to cells.

    weight (O, I, kH, kW), bias (O) -> (outputs * O, inputs * I, cells down, cells right), (outputs * O), with
    pixels of a cell ordered by row, column, channel. It reads the cells from first to last of `Axis.reach`.
    """
    outputs, inputs, high, wide = weight.shape
    top, bottom = rows.reach(high)
    left, right = columns.reach(wide)
    cells = np.zeros(
        (rows.outputs, columns.outputs, outputs, rows.inputs, columns.inputs, inputs)
        + (bottom - top + 1, right - left + 1)
    )
    for y, tap_y, cell_y, from_y in rows.taps(high):
        for x, tap_x, cell_x, from_x in columns.taps(wide):
            cells[y, x, :, from_y, from_x, :, cell_y - top, cell_x - left] = weight[:, :, tap_y, tap_x]
    pixels, channels = rows.outputs * columns.outputs, rows.inputs * columns.inputs * inputs
    return cells.reshape(pixels * outputs, channels, *cells.shape[-2:]), np.tile(bias, pixels)


def after_doubling(weight: Array, bias: Array) -> tuple[Array, Array]:
    """A 3x3 convolution after doubling every pixel, as one before it, followed by a pixel shuffle.

    Each of the four sub-pixels of a pixel sees only 2x2 different pixels of the small picture, so the taps
    that fall on the same one are added up. weight (O, I, 3, 3) -> (4 * O, I, 3, 3), ordered as
    DepthToSpace's DCR mode wants it.
    """
    lands_on = (((0,), (1, 2), ()), ((), (0, 1), (2,)))
    subpixels = [
        np.stack(
            [
                np.stack([weight[:, :, rows][..., columns].sum((2, 3)) for columns in lands_on[right]], -1)
                for rows in lands_on[down]
            ],
            -2,
        )
        for down in (0, 1)
        for right in (0, 1)
    ]
    return np.concatenate(subpixels), np.tile(bias, 4)
