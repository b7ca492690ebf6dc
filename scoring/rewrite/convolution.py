"""Convolutions as rewrites want them: constant 32-bit weights, one group, steps and dilations of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto

from scoring.check.graph import attribute
from scoring.rewrite.draft import Draft

Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Convolution:
    """A Conv node's numbers: weight (O, I, kh, kw), bias (O,) float32; pixels of zeros around its input."""

    weight: Numbers
    bias: Numbers
    pads: tuple[int, int, int, int]  # top, left, bottom, right

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of the kernel."""
        height, width = self.weight.shape[2:]
        return height, width


def plain_convolution(draft: Draft, node: NodeProto | None) -> Convolution | None:
    """Read `node`; None where it is no Conv of this plain kind."""
    if node is None or node.op_type != "Conv" or node.domain not in ("", "ai.onnx"):
        return None
    weight = draft.known.get(node.input[1])
    if weight is None or weight.ndim != 4 or weight.dtype != np.float32 or attribute(node, "group", 1) != 1:
        return None
    bias = np.zeros(len(weight), np.float32)
    if len(node.input) > 2 and node.input[2]:
        if node.input[2] not in draft.known:
            return None
        bias = draft.known[node.input[2]]
    if any(step != 1 for name in ("strides", "dilations") for step in attribute(node, name) or ()):
        return None
    return Convolution(weight, bias, _pads(node, weight.shape[2:]))


def _pads(node: NodeProto, kernel: tuple[int, ...]) -> tuple[int, int, int, int]:
    """ONNX operators, Conv: SAME_* keeps the size, an odd zero is put at the end or at the beginning."""
    way = attribute(node, "auto_pad", b"NOTSET")
    if way == b"VALID":
        return 0, 0, 0, 0
    if way in (b"SAME_UPPER", b"SAME_LOWER"):
        less, more = [(side - 1) // 2 for side in kernel], [side // 2 for side in kernel]
        begins, ends = (less, more) if way == b"SAME_UPPER" else (more, less)
        return begins[0], begins[1], ends[0], ends[1]
    top, left, bottom, right = attribute(node, "pads") or (0, 0, 0, 0)
    return top, left, bottom, right


def add_convolution(draft: Draft, x: str, convolution: Convolution, stride: int = 1) -> str:
    """Add a Conv on the tensor `x` and return its output's name."""
    weight, bias = draft.constant(convolution.weight), draft.constant(convolution.bias)
    return draft.add(
        "Conv",
        x,
        weight,
        bias,
        kernel_shape=list(convolution.kernel),
        strides=[stride, stride],
        pads=list(convolution.pads),
    )
