"""A convolution behind nearest doubling, computed before it: four 2 x 2 kernels instead of one 3 x 3.

Of three neighbours in the doubled picture two are the same small pixel, so that their weights can be added:
2.25 times fewer products. The four sub-pixels of every corner between small pixels are the outputs; a pixel
shuffle puts them in place, and one row and column too many on every side are cut off.
"""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from scoring.check.graph import attribute
from scoring.rewrite.convolution import Convolution, Numbers, add_convolution, plain_convolution
from scoring.rewrite.draft import Draft
from scoring.rewrite.pixel_shuffle import shuffled

_REPEATS = {
    b"asymmetric": (b"floor", b"round_prefer_floor"),
    b"half_pixel": (b"round_prefer_floor", b"round_prefer_ceil"),
}
"""Coordinates and roundings under which Resize by two in nearest mode gives every pixel exactly twice."""

_LANDS = (((0, 1), (2,)), ((0,), (1, 2)))
"""By sub-pixel: which taps of the wide kernel fall onto the first and the second small pixel. The first
sub-pixel behind a corner's beginning is the second of its pair, the other one the first of the next."""


def convolve_before_doubling(draft: Draft) -> int:
    """Replace doubling, padding by one pixel and a 3 x 3 convolution; returns how many were replaced."""
    count = 0
    for node in draft.nodes:
        if doubles(draft, node):
            count += _replace(draft, node)
    return count


def doubles(draft: Draft, node: NodeProto) -> bool:
    """Whether `node` repeats every pixel of (N, C, H, W) twice in both directions."""
    if node.op_type == "Upsample":
        scales = draft.known.get(node.input[1]) if len(node.input) > 1 else attribute(node, "scales")
        nearest = attribute(node, "mode", b"nearest") == b"nearest"
        return nearest and scales is not None and list(scales) == [1, 1, 2, 2]
    if node.op_type != "Resize" or attribute(node, "mode", b"nearest") != b"nearest":
        return False
    if draft.opset < 11:
        place = 1
    else:
        place = 2
        rounding = attribute(node, "nearest_mode", b"round_prefer_floor")
        way = attribute(node, "coordinate_transformation_mode", b"half_pixel")
        if rounding not in _REPEATS.get(way, ()) or attribute(node, "axes") is not None:
            return False
    if len(node.input) <= place or any(node.input[place + 1 :]):
        return False
    scales = draft.known.get(node.input[place])
    return scales is not None and list(scales) == [1, 1, 2, 2]


def _replace(draft: Draft, doubling: NodeProto) -> bool:
    old = [doubling]
    taker = draft.taker(doubling.output[0])
    border = None
    if taker is not None and taker.op_type == "Pad":
        border = _border(draft, taker)
        if border is None:
            return False
        old.append(taker)
        taker = draft.taker(taker.output[0])
    convolution = plain_convolution(draft, taker)
    if taker is None or convolution is None or convolution.kernel != (3, 3):
        return False
    zeros = (1, 1, 1, 1) if border is None else (0, 0, 0, 0)
    if convolution.pads != zeros:
        return False
    x = doubling.input[0]
    pads = (0, 0, 0, 0) if border == "edge" else (1, 1, 1, 1)
    if border == "edge":
        x = _padded(draft, x)
    narrow = before_doubling(convolution)
    x = add_convolution(draft, x, Convolution(narrow.weight, narrow.bias, pads))
    x = shuffled(draft, x, len(convolution.weight))
    draft.put(_cut(draft, x), (*old, taker))
    return True


def before_doubling(convolution: Convolution) -> Convolution:
    """weight (O, I, 3, 3) -> (4 * O, I, 2, 2), outputs ordered (output, row, column); without padding."""
    weight = convolution.weight.astype(np.float64)
    parts: list[Numbers] = []
    for down in _LANDS:
        for right in _LANDS:
            rows = [np.stack([weight[:, :, r][..., c].sum((2, 3)) for c in right], axis=-1) for r in down]
            parts.append(np.stack(rows, axis=-2))
    narrow = np.stack(parts, axis=1).reshape(-1, weight.shape[1], 2, 2)
    return Convolution(narrow.astype(np.float32), np.repeat(convolution.bias, 4), (0, 0, 0, 0))


def _border(draft: Draft, pad: NodeProto) -> str | None:
    """What one pixel around the doubled picture is: "edge", "zero", or None for anything else.

    Reflecting a doubled picture by one pixel repeats its border, since the pixel beside it is its twin.
    """
    if len(pad.input) > 1:
        pads = draft.known.get(pad.input[1])
        value = draft.known.get(pad.input[2], np.ones(1)) if len(pad.input) > 2 and pad.input[2] else 0.0
        if any(pad.input[3:]):
            return None
    else:
        pads, value = attribute(pad, "pads"), attribute(pad, "value", 0.0)
    if pads is None or list(pads) != [0, 0, 1, 1] * 2:
        return None
    mode = attribute(pad, "mode", b"constant")
    if mode in (b"reflect", b"edge"):
        return "edge"
    return "zero" if mode == b"constant" and not np.any(value) else None


def _padded(draft: Draft, x: str) -> str:
    pads = [0, 0, 1, 1] * 2
    if draft.opset < 11:
        return draft.add("Pad", x, mode="edge", pads=pads)
    return draft.add("Pad", x, draft.constant(pads, np.int64), mode="edge")


def _cut(draft: Draft, x: str) -> str:
    """Without the outermost pixel on every side."""
    if draft.opset < 10:
        return draft.add("Slice", x, starts=[1, 1], ends=[-1, -1], axes=[2, 3])
    one, behind = draft.constant([1, 1], np.int64), draft.constant([-1, -1], np.int64)
    return draft.add("Slice", x, one, behind, draft.constant([2, 3], np.int64))
