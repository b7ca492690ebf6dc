"""A TransformerNet as an ONNX graph: frames (N, H, W, 3) uint8 -> stylized, the same shape and type.

It computes what torch does with the picture in 0..255, cut to the picture's size (the network's own output is
rounded up to a multiple of 4) and rounded. Sides below 5 pixels, which torch refuses, are extended to 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from training.fast_neural_style.checkpoint import Convolution, Layer, TransformerWeights
from training.fast_neural_style.rewrites import after_doubling, can_double, every_second_pixel
from training.frame_model import frame_model

EPSILON = 1e-5
"""Of torch's InstanceNorm2d."""

LEAST_SIDE = 5
"""The first reflection takes four pixels beyond the border."""


class _Builder:
    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def convolution(self, x: str, layer: Convolution, stride: int = 1) -> str:
        weight, bias = self.constant(layer.weight), self.constant(layer.bias)
        sides = list(layer.weight.shape[2:])
        return self.add("Conv", x, weight, bias, kernel_shape=sides, strides=[stride] * 2)

    def padded(self, x: str, pixels: int, mode: str) -> str:
        if pixels == 0:
            return x
        pads = self.constant([0, 0, pixels, pixels] * 2, np.int64)
        return self.add("Pad", x, pads, mode=mode)

    def reflected(self, x: str, layer: Convolution, stride: int = 1) -> str:
        return self.convolution(self.padded(x, layer.weight.shape[2] // 2, "reflect"), layer, stride)

    def normed(self, x: str, layer: Layer) -> str:
        gain, offset = self.constant(layer.norm.gain), self.constant(layer.norm.offset)
        return self.add("InstanceNormalization", x, gain, offset, epsilon=EPSILON)

    def shuffled(self, x: str) -> str:
        return self.add("DepthToSpace", x, blocksize=2, mode="DCR")


def build(weights: TransformerWeights, metadata: Mapping[str, str], *, fast: bool = True) -> ModelProto:
    """Return the graph; `metadata` goes into the model's properties.

    With `fast` the last convolution and those behind doublings are computed at half the resolution, which
    is the same function (`rewrites`); without, node by node as torch does.
    """
    graph = _Builder()
    size = graph.add("Shape", "frames", start=1, end=3)
    x = graph.add("Transpose", graph.add("Cast", "frames", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    x = graph.add("Pad", x, _missing(graph, size), mode="edge")
    for index, layer in enumerate(weights.down):
        stride = 1 if index == 0 else 2
        x = graph.add("Relu", graph.normed(graph.reflected(x, layer.convolution, stride), layer))
    for first, second in weights.blocks:
        y = graph.add("Relu", graph.normed(graph.reflected(x, first.convolution), first))
        x = graph.add("Add", graph.normed(graph.reflected(y, second.convolution), second), x)
    for layer in weights.up:
        x = graph.add("Relu", graph.normed(_doubled(graph, x, layer.convolution, fast), layer))
    x = _last(graph, x, weights.last, fast)
    x = graph.add("Slice", x, graph.constant([0, 0], np.int64), size, graph.constant([2, 3], np.int64))
    x = graph.add("Round", graph.add("Clip", x, graph.constant(0.0), graph.constant(255.0)))
    x = graph.add("Transpose", x, perm=[0, 2, 3, 1])
    graph.nodes.append(helper.make_node("Cast", [x], ["stylized"], to=TensorProto.UINT8))
    return frame_model(graph.nodes, graph.weights, metadata)


def _missing(graph: _Builder, size: str) -> str:
    """Pads at the end up to LEAST_SIDE, as the operand of Pad."""
    least = graph.add("Sub", graph.constant([LEAST_SIDE] * 2, np.int64), size)
    ends = graph.add("Max", least, graph.constant([0, 0], np.int64))
    return graph.add("Concat", graph.constant([0] * 6, np.int64), ends, axis=0)


def _doubled(graph: _Builder, x: str, convolution: Convolution, fast: bool) -> str:
    """Every pixel doubled in both directions (nearest), reflected, convolved."""
    if not (fast and can_double(convolution.weight)):
        scales = graph.constant([1, 1, 2, 2])
        x = graph.add(
            "Resize",
            x,
            "",
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return graph.reflected(x, convolution)
    x = graph.convolution(graph.padded(x, 1, "edge"), after_doubling(convolution))
    one, behind = graph.constant([1, 1], np.int64), graph.constant([-1, -1], np.int64)
    return graph.add("Slice", graph.shuffled(x), one, behind, graph.constant([2, 3], np.int64))


def _last(graph: _Builder, x: str, convolution: Convolution, fast: bool) -> str:
    if not fast:
        return graph.reflected(x, convolution)
    x = graph.padded(x, convolution.weight.shape[2] // 2, "reflect")
    return graph.shuffled(graph.convolution(x, every_second_pixel(convolution), stride=2))
