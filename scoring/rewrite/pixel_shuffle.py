"""Pixel shuffles as two transposes: columns are interleaved first, then whole rows.

The second one copies whole rows and the first turns pairs, for both of which onnxruntime has quick copies;
DepthToSpace is one transpose of six axes, moved number by number.
"""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from scoring.check.graph import attribute
from scoring.rewrite.draft import Draft

LEAST_OPSET = 7
"""Where Mul takes whole numbers."""


def shuffled(draft: Draft, x: str, outputs: int) -> str:
    """Add nodes (N, 4 * outputs, h, w) -> (N, outputs, 2h, 2w), channels ordered (output, row, column)."""
    return _interleaved(draft, x, 2 * outputs, [outputs, 2], [0, 1, 3, 2, 4], outputs)


def shuffled_quarters(draft: Draft, x: str, outputs: int) -> str:
    """Add nodes (N, 4 * outputs, h, w) -> (N, outputs, 2h, 2w), channels ordered (row, column, output)."""
    return _interleaved(draft, x, 2, [2, outputs], [0, 2, 3, 1, 4], outputs)


def _interleaved(draft: Draft, x: str, ahead: int, split: list[int], order: list[int], outputs: int) -> str:
    """`ahead` channels lie before the columns' axis; `split` is what lies before the height then."""
    height = draft.add("Gather", draft.add("Shape", x), draft.constant([2], np.int64), axis=0)
    pairs = draft.add("Reshape", x, draft.constant([0, ahead, 2, -1], np.int64))
    columns = draft.add("Transpose", pairs, perm=[0, 1, 3, 2])
    parts = draft.constant([0, *split], np.int64), height, draft.constant([-1], np.int64)
    rows = draft.add("Reshape", columns, draft.add("Concat", *parts, axis=0))
    rows = draft.add("Transpose", rows, perm=order)
    double = draft.add("Mul", height, draft.constant([2], np.int64))
    parts = draft.constant([0, outputs], np.int64), double, draft.constant([-1], np.int64)
    return draft.add("Reshape", rows, draft.add("Concat", *parts, axis=0))


def transpose_shuffles(draft: Draft) -> int:
    """Replace DepthToSpace by two of a convolution's outputs; returns how many were replaced.

    The convolution's channels are brought into the order that `shuffled` wants, which costs nothing.
    """
    count = 0
    for node in draft.nodes:
        if node.op_type != "DepthToSpace" or attribute(node, "blocksize") != 2:
            continue
        maker = draft.maker(node.input[0])
        if maker is None or maker.op_type != "Conv" or draft.taker(maker.output[0]) is None:
            continue
        if _replace(draft, maker, node):
            count += 1
    return count


def _replace(draft: Draft, conv: NodeProto, shuffle: NodeProto) -> bool:
    numbers = [draft.known.get(name) for name in conv.input[1:] if name]
    if any(one is None or len(one) % 4 for one in numbers) or attribute(conv, "group", 1) != 1:
        return False
    inputs = [conv.input[0]]
    outputs = 0
    for values in numbers:
        assert values is not None
        outputs = len(values) // 4
        if attribute(shuffle, "mode", b"DCR") == b"DCR":  # row, column, output
            values = values.reshape(4, outputs, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)
        inputs.append(draft.constant(values, values.dtype))
    attributes = {one.name: attribute(conv, one.name) for one in conv.attribute}
    x = draft.add("Conv", *inputs, **attributes)
    draft.put(shuffled(draft, x, outputs), (conv, shuffle))
    return True
