"""A convolution on cells is the convolution on pixels."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from training.cells import Axis, on_cells  # noqa: E402
from training.int8_graph import DOWN, PAINT, STEM  # noqa: E402

HEIGHT, WIDTH = 32, 48


def grouped(pictures: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(1, C, H, W) -> (1, rows * columns * C, H / rows, W / columns), by row, column, channel of a cell."""
    _, channels, height, width = pictures.shape
    parts = pictures.reshape(channels, height // rows, rows, width // columns, columns)
    return parts.transpose(2, 4, 0, 1, 3).reshape(1, -1, height // rows, width // columns)


def first_inside(axis: Axis, kernel: int) -> tuple[int, int]:
    """The first cell of the output that reads nothing before the picture, and the cell where it begins to."""
    reach = axis.reach(kernel)[0]
    cell = -(reach // axis.step)
    return cell, cell * axis.step + reach


@pytest.mark.parametrize(
    ("rows", "columns", "kernel"),
    [(*STEM, 5), (*DOWN, 3), (*PAINT, 3), (Axis(), Axis(), 3), (Axis(2, 2, 4, 2), Axis(2, 2, 4, 2), 5)],
)
def test_it_gives_the_same(rows: Axis, columns: Axis, kernel: int) -> None:
    random = np.random.default_rng(0)
    weight, bias = random.standard_normal((3, 2, kernel, kernel)), random.standard_normal(3)
    picture = random.standard_normal((1, 2, HEIGHT, WIDTH))
    wanted = _convolved(picture, weight, bias, (rows.stride, columns.stride), rows.pad)
    (top, above), (left, before) = first_inside(rows, kernel), first_inside(columns, kernel)
    wanted = grouped(wanted, rows.outputs, columns.outputs)[..., top:, left:]
    cells = grouped(picture, rows.inputs, columns.inputs)[..., above:, before:]
    found = _convolved(cells, *on_cells(weight, bias, rows, columns), (rows.step, columns.step), 0)
    assert found.shape[1] == wanted.shape[1] and min(found.shape[2:]) > 5
    assert np.allclose(found, wanted[..., : found.shape[2], : found.shape[3]], atol=1e-10)


def _convolved(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: tuple[int, int], pad: int
) -> np.ndarray:
    given = (torch.from_numpy(np.ascontiguousarray(array)) for array in (x, weight, bias))
    return torch.nn.functional.conv2d(*given, stride=stride, padding=pad).numpy()


def test_cells_must_begin_where_cells_begin() -> None:
    with pytest.raises(ValueError, match="must begin"):
        Axis(stride=1, inputs=2)
