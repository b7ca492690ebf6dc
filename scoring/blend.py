"""Blending frames in whole numbers: every machine and every grouping of frames gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from scoring.session import Frames

WHOLE = 256  # the weight that stands for a share of 1
_LUMA = (54, 183, 19)  # BT.709's 0.2126, 0.7152, 0.0722 in parts of 256
_STRIP = 1 << 15  # pixels at once: what is computed of them stays in the processor's cache


def weight_of(share: Fraction) -> int:
    """Return `share`, 0..1 inclusive, in parts of WHOLE, halves rounded up; 0 and 1 are exact."""
    return (2 * WHOLE * share + 1) // 2


def blend(first: Frames, second: Frames, weight: int) -> Frames:
    """Return (first * (256 - weight) + second * weight + 128) >> 8, a new array of the same shape.

    `weight` is 0..256 inclusive: 0 gives the first frames exactly, 256 the second.
    """
    made = np.empty(first.shape, np.uint8)
    for one, two, out in _strips(first, second, made):
        total = np.multiply(one, WHOLE - weight, dtype=np.uint16)
        total += np.multiply(two, weight, dtype=np.uint16)
        total += WHOLE // 2
        total >>= 8
        out[:] = total
    return made


def recolour(source: Frames, painted: Frames) -> Frames:
    """Return the light of `painted` with the colours of `source`, a new array of the same shape.

    The luma (BT.709 weights, whatever the video's own matrix) of `painted` less that of `source` is added to
    all three channels of `source`. This keeps their differences, hence the chroma in every matrix; values
    beyond 0..255 are clipped, which is the one exception.
    """
    made = np.empty(source.shape, np.uint8)
    for own, other, out in _strips(source, painted, made):
        lighter = _luma(other).astype(np.int16)
        lighter -= _luma(own)
        moved = np.add(own, lighter[:, None], dtype=np.int16)
        np.clip(moved, 0, 255, out=moved)
        out[:] = moved
    return made


def _luma(pixels: Frames) -> npt.NDArray[np.uint8]:
    """The luma, 0..255, of (P, 3) pixels."""
    red, green, blue = (np.multiply(pixels[:, i], _LUMA[i], dtype=np.uint16) for i in range(3))
    red += green
    red += blue
    red += 128
    red >>= 8
    return red.astype(np.uint8)


def _strips(*frames: Frames) -> Iterator[tuple[Frames, ...]]:
    """(P, 3) views of the same pixels of all `frames`, which are contiguous and of one shape."""
    flat = [array.reshape(-1, 3) for array in frames]
    for start in range(0, len(flat[0]), _STRIP):
        yield tuple(array[start : start + _STRIP] for array in flat)
