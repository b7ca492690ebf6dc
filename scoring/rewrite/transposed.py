"""Transposed convolutions of 3 x 3 in steps of two, as four small convolutions and a pixel shuffle.

Each of the four sub-pixels of a small pixel hangs on one, two or four small pixels by as many of the nine
weights: not a product more or less. onnxruntime computes the original as a matrix product, scattered after.
"""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from scoring.check.graph import attribute
from scoring.rewrite.convolution import Convolution, Numbers, add_convolution
from scoring.rewrite.draft import Draft
from scoring.rewrite.pixel_shuffle import shuffled_quarters

_TAPS = {0: ([2, 0], [1]), 1: ([1], [2, 0])}
"""By pixels cut off at the beginning, then by sub-pixel: the taps that fall onto small pixels, in order."""


def transposed_as_shuffled(draft: Draft) -> int:
    """Replace transposed convolutions that double the size exactly; returns how many were replaced."""
    return sum(_replace(draft, node) for node in draft.nodes if node.op_type == "ConvTranspose")


def _replace(draft: Draft, node: NodeProto) -> bool:
    weight = draft.known.get(node.input[1])
    if weight is None or weight.dtype != np.float32 or weight.shape[2:] != (3, 3):
        return False
    bias = np.zeros(weight.shape[1], np.float32)
    if len(node.input) > 2 and node.input[2]:
        if node.input[2] not in draft.known:
            return False
        bias = draft.known[node.input[2]]
    old, result = [node], _cut_at_beginning(node, (0, 0, 0, 0))
    crop = draft.taker(node.output[0])
    if result is None and crop is not None and crop.op_type == "Crop":
        left, top, right, bottom = attribute(crop, "border")
        if attribute(crop, "scale") is None:
            old, result = [node, crop], _cut_at_beginning(node, (top, left, bottom, right))
    if result is None:
        return False
    parts = [add_convolution(draft, node.input[0], part) for part in quarters(weight, bias, result)]
    x = draft.add("Concat", *parts, axis=1)
    draft.put(shuffled_quarters(draft, x, len(bias)), old)
    return True


def _cut_at_beginning(node: NodeProto, border: tuple[int, int, int, int]) -> int | None:
    """Rows and columns cut off at the beginning of all that the node computes, by it and by a `border`.

    `border` is top, left, bottom, right. None unless sizes are doubled exactly (ONNX: ConvTranspose).
    """
    if attribute(node, "group", 1) != 1 or attribute(node, "output_shape") is not None:
        return None
    if list(attribute(node, "strides") or ()) != [2, 2] or set(attribute(node, "dilations") or [1]) != {1}:
        return None
    more = list(attribute(node, "output_padding") or [0, 0])
    way = attribute(node, "auto_pad", b"NOTSET")
    if way == b"SAME_UPPER" and more == [0, 0]:
        pads = [0, 0, 1, 1]
    elif way in (b"NOTSET", b"VALID"):
        pads = list(attribute(node, "pads") or [0, 0, 0, 0]) if way == b"NOTSET" else [0, 0, 0, 0]
    else:
        return None
    cut = [pad + also for pad, also in zip(pads, border, strict=True)]
    doubles = all(cut[axis] + cut[axis + 2] - more[axis] == 1 for axis in (0, 1))
    return cut[0] if doubles and cut[0] == cut[1] and cut[0] in _TAPS else None


def quarters(weight: Numbers, bias: Numbers, cut: int) -> list[Convolution]:
    """weight (I, O, 3, 3) -> by sub-pixel, row by row, (O, I, 1 or 2, 1 or 2)."""
    made: list[Convolution] = []
    for rows in _TAPS[cut]:
        for columns in _TAPS[cut]:
            taps = weight[:, :, rows][..., columns].swapaxes(0, 1)
            more = len(rows) - 1, len(columns) - 1
            pads = (*more, 0, 0) if cut == 0 else (0, 0, *more)
            made.append(Convolution(taps, bias, pads))
    return made
