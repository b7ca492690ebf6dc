"""Pixel shuffles as two transposes, for every opset: columns are interleaved first, then whole rows.

DepthToSpace was measured to take as long; the order of channels used here is known to it from opset 11 on.
"""

from __future__ import annotations

import numpy as np

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
