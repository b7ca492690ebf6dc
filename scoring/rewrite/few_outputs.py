"""A convolution to three colours, computed for four neighbouring pixels at once.

onnxruntime's kernels work on 8 or 16 outputs together, so that three cost as much as 16. One with a kernel
larger by one and steps of two gives twelve: the same sums with zeros between, and a pixel shuffle.
"""

from __future__ import annotations

import numpy as np

from scoring.rewrite.convolution import Convolution, add_convolution, plain_convolution
from scoring.rewrite.draft import Draft
from scoring.rewrite.pixel_shuffle import shuffled

MOST_OUTPUTS = 4
_LEAST_INPUTS = 8  # kernels for fewer are others, which gain nothing
_LEAST_KERNEL = 3
_SLICE_BY_TENSORS = 10  # from this opset on sizes of the moment can be cut to


def four_pixels_at_once(draft: Draft, *, even: bool) -> int:
    """Replace convolutions with few outputs; returns how many. `even`: their pictures have even sides.

    Else one row and column are computed beyond the end and cut off where they are too many.
    """
    count = 0
    for node in draft.nodes:
        convolution = plain_convolution(draft, node)
        if convolution is None or not _gains(convolution) or not (even or draft.opset >= _SLICE_BY_TENSORS):
            continue
        wide = widened(convolution)
        if not even:
            top, left, bottom, right = wide.pads
            wide = Convolution(wide.weight, wide.bias, (top, left, bottom + 1, right + 1))
        x = node.input[0]
        y = shuffled(draft, add_convolution(draft, x, wide, stride=2), len(convolution.weight))
        draft.put(y if even else _cut(draft, y, x, convolution), (node,))
        count += 1
    return count


def _gains(convolution: Convolution) -> bool:
    outputs, inputs, *kernel = convolution.weight.shape
    return outputs <= MOST_OUTPUTS and inputs >= _LEAST_INPUTS and min(kernel) >= _LEAST_KERNEL


def widened(convolution: Convolution) -> Convolution:
    """weight (O, I, kh, kw) -> (4 * O, I, kh + 1, kw + 1), outputs ordered (output, row, column)."""
    outputs, inputs, height, width = convolution.weight.shape
    wide = np.zeros((outputs, 2, 2, inputs, height + 1, width + 1), np.float32)
    for down in (0, 1):
        for right in (0, 1):
            wide[:, down, right, :, down : down + height, right : right + width] = convolution.weight
    weight = wide.reshape(-1, inputs, height + 1, width + 1)
    return Convolution(weight, np.repeat(convolution.bias, 4), convolution.pads)


def _cut(draft: Draft, y: str, x: str, convolution: Convolution) -> str:
    """`y` at the size that `convolution` gives for `x`."""
    sides = draft.add("Gather", draft.add("Shape", x), draft.constant([2, 3], np.int64), axis=0)
    top, left, bottom, right = convolution.pads
    height, width = convolution.kernel
    more = [top + bottom - height + 1, left + right - width + 1]
    if any(more):
        sides = draft.add("Add", sides, draft.constant(more, np.int64))
    return draft.add("Slice", y, draft.constant([0, 0], np.int64), sides, draft.constant([2, 3], np.int64))
