"""The display matrix of a stream: how the decoded picture is turned or mirrored to stand upright."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from av.video.frame import VideoFrame


@dataclass(frozen=True)
class Orientation:
    """A symmetry of the rectangle: first swap the axes (or not), then mirror columns and rows (or not)."""

    transpose: bool = False
    mirror_columns: bool = False
    mirror_rows: bool = False

    @property
    def is_upright(self) -> bool:
        """Whether frames are shown as they are coded."""
        return not (self.transpose or self.mirror_columns or self.mirror_rows)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return (width, height) of the upright picture for a decoded one of `width` x `height`."""
        return (height, width) if self.transpose else (width, height)

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """Turn a decoded picture (H, W, C) upright; the result is C-contiguous."""
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        if self.mirror_columns:
            picture = picture[:, ::-1]
        if self.mirror_rows:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


def orientation(matrix: tuple[int, ...]) -> Orientation:
    """Return the orientation of a display matrix (nine 16.16 numbers in row order, ISO/IEC 14496-12 6.2.2).

    The matrix maps (x, y) to (a x + c y, b x + d y). Anything but turns by multiples of 90 degrees and
    reflections counts as upright, as does an empty matrix.
    """
    if len(matrix) != 9:
        return Orientation()
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    largest = max(abs(a), abs(b), abs(c), abs(d)) or 1
    a, b, c, d = (round(value / largest) for value in (a, b, c, d))
    if abs(a * d - b * c) != 1 or (a and b):
        return Orientation()
    if a == 0:
        return Orientation(transpose=True, mirror_columns=c < 0, mirror_rows=b < 0)
    return Orientation(mirror_columns=a < 0, mirror_rows=d < 0)


_ONE = 1 << 16
_BY_ROTATION = {
    90: (0, -_ONE, 0, _ONE, 0, 0, 0, 0, 1 << 30),
    180: (-_ONE, 0, 0, 0, -_ONE, 0, 0, 0, 1 << 30),
    270: (0, _ONE, 0, -_ONE, 0, 0, 0, 0, 1 << 30),
}


def display_matrix(frame: VideoFrame) -> tuple[int, ...]:
    """Return the nine numbers of the frame's display matrix, empty when it has none."""
    try:
        matrix = cast(Any, frame.side_data).get("DISPLAYMATRIX")
        if matrix is not None:
            return struct.unpack("<9i", bytes(matrix)[:36])
    except ValueError:
        pass  # a kind of side data that PyAV has no name for hides the others; the rotation is still known
    return _BY_ROTATION.get(frame.rotation % 360, ())
