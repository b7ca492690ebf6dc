"""Both ends of a graph: frames with their mirror image around them, and frames put together from cells."""

from training.graph import Graph
from training.net import STRIDE


def mirrored(graph: Graph, frames: str, size: str, rows: tuple[int, int], columns: tuple[int, int]) -> str:
    """Frames (N, H, W, 3) with so many mirrored rows above and below and columns left and right, plus what is
    missing to a multiple of STRIDE at the end.

    size: name of (H, W). Pad's own mirror needs frames larger than the margin; positions that run to and fro
    need none. Only the rim's columns are gathered, since gathering copies three bytes at a time, while
    rows and whole frames are copied at the speed of memory.
    """
    negative = graph.node("Neg", "size.negative", size)
    missing = graph.node("Mod", "size.missing", negative, graph.integers("stride", STRIDE, STRIDE))
    ends = graph.node("Add", "size.behind", size, missing)
    middle = graph.scalar("mirror.start", 0)
    along = _Axis(graph, "columns", 2, size, ends, columns)
    sides = (
        along.taken(frames, "left", along.begin, middle),
        along.taken(frames, "right", along.length, along.end),
    )
    wide = graph.node("Concat", "widened", sides[0], frames, sides[1], axis=2)
    along = _Axis(graph, "rows", 1, size, ends, rows)
    return along.taken(wide, "all", along.begin, along.end)


def rim(blocks: int) -> tuple[int, int]:
    """Pixels that a network of so many residual blocks reads before and behind the frame.

    One cell of 4 px beyond for the last two convolutions, which see only half of it, and one per convolution
    of a block; `down` and the stem read 4 px further before and 1 px further behind.
    """
    cells = 1 + 2 * blocks
    return 4 * cells + 4, 4 * cells + 1


def pixels_of_cells(graph: Graph, x: str, size: str) -> str:
    """Bytes (N, 48, h, w), ordered by row, column, channel of a cell -> `stylized` (N, H, W, 3).

    size: name of (H, W), which cuts off what made the sides multiples of 4.
    """
    x = graph.node("Transpose", "cells", x, perm=[0, 2, 3, 1])
    high, wide = (graph.node("Shape", f"cells.{n}", x, start=i, end=i + 1) for i, n in ((1, "h"), (2, "w")))
    four, rest = graph.integers("cells.four", 4), graph.integers("cells.rest", -1)
    row, rgb = graph.integers("cells.row", 12), graph.integers("cells.rgb", 3)
    shape = graph.node("Concat", "lines.shape", rest, high, wide, four, row, axis=0)
    x = graph.node("Transpose", "lines", graph.node("Reshape", "cells.rows", x, shape), perm=[0, 1, 3, 2, 4])
    sides = (graph.node("Mul", f"{side}.px", side, four) for side in (high, wide))
    shape = graph.node("Concat", "whole.shape", rest, *sides, rgb, axis=0)
    x, first = graph.node("Reshape", "whole", x, shape), graph.integers("whole.first", 0, 0)
    return graph.node("Slice", "stylized", x, first, size, graph.integers("whole.axes", 1, 2))


class _Axis:
    """Positions along one axis of the frames, folded back into it."""

    def __init__(
        self, graph: Graph, name: str, axis: int, size: str, ends: str, rim: tuple[int, int]
    ) -> None:
        self._graph, self._name, self._axis = graph, name, axis
        which = graph.scalar(f"{name}.which", axis - 1)
        self.length = graph.node("Gather", f"{name}.length", size, which)
        self.begin = graph.scalar(f"{name}.begin", -rim[0])
        reach = graph.scalar(f"{name}.reach", rim[1])
        self.end = graph.node(
            "Add", f"{name}.end", graph.node("Gather", f"{name}.behind", ends, which), reach
        )
        self._one = graph.scalar(f"{name}.one", 1)
        self._there_and_back = graph.node("Add", f"{name}.twice", self.length, self.length)
        self._last = graph.node("Sub", f"{name}.last", self._there_and_back, self._one)

    def taken(self, x: str, part: str, begin: str, end: str) -> str:
        """What lies at the positions from `begin` to before `end`."""
        graph, name = self._graph, f"{self._name}.{part}"
        place = graph.node("Range", f"{name}.places", begin, end, self._one)
        there = graph.node("Mod", f"{name}.there", place, self._there_and_back)
        back = graph.node("Sub", f"{name}.back", self._last, there)
        place = graph.node("Min", f"{name}.mirrored", there, back)
        return graph.node("Gather", f"{name}.gathered", x, place, axis=self._axis)
