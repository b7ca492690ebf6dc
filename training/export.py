"""StyleNet -> ONNX, built node by node, so that the graph holds exactly what has to be computed.

`frames` (N, H, W, 3) uint8 RGB -> `stylized`, same shape and type, for any N, H, W >= 1. Everything around
the network is folded into its weights or into the graph: scaling of the input, gains of the residual blocks,
scaling and rounding of the output, padding to a multiple of 4 and cropping back.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.frame_model import frame_model
from training.net import INPUT_CENTRE, INPUT_GAIN, OUTPUT_CENTRE, STRIDE, ResidualBlock, StyleNet

MARGIN = 40
"""Pixels mirrored around the frame. Zeros would leave a rim, and so would repeating the outermost pixels in a
style that paints even places differently; with fewer than 40 the convolutions' own zeros shine through.
"""

STEM_REACH = 2
"""The 5x5 stem reads this many pixels beyond; they are mirrored as well, so it needs no padding itself."""

Array = NDArray[np.float64]


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def floats(self, name: str, values: Array | float) -> str:
        array = np.ascontiguousarray(values, dtype=np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def integers(self, name: str, *values: int) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def scalar(self, name: str, value: int) -> str:
        self.weights.append(numpy_helper.from_array(np.array(value, np.int64), name))
        return name

    def node(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, name: str, x: str, weight: Array, bias: Array, stride: int = 1, pad: int = 1) -> str:
        return self.node(
            "Conv",
            name,
            x,
            self.floats(f"{name}.weight", weight),
            self.floats(f"{name}.bias", bias),
            kernel_shape=list(weight.shape[2:]),
            strides=[stride] * 2,
            pads=[pad] * 4,
        )


def export(net: StyleNet, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the network as an ONNX file; metadata goes into the model's properties.

    Raises onnx.checker.ValidationError if the graph is not valid (a bug, not a matter of the weights).
    """
    graph = _Graph()
    size = graph.node("Shape", "size", "frames", start=1, end=3)
    x = _mirrored(graph, "frames", size)
    x = graph.node("Cast", "floats", x, to=TensorProto.FLOAT)
    x = graph.node("Transpose", "planes", x, perm=[0, 3, 1, 2])
    x = _network(graph, net, x)
    first = graph.integers("crop.first", MARGIN, MARGIN)
    behind = graph.node("Add", "crop.behind", size, first)
    x = graph.node("Slice", "cropped", x, first, behind, graph.integers("crop.axes", 2, 3))
    x = graph.node("Clip", "clipped", x, graph.floats("black", 0.0), graph.floats("white", 255.0))
    x = graph.node("Transpose", "pixels", x, perm=[0, 2, 3, 1])
    graph.node("Cast", "stylized", x, to=TensorProto.UINT8)

    onnx.save(frame_model(graph.nodes, graph.weights, metadata), path)


def _mirrored(graph: _Graph, x: str, size: str) -> str:
    """Frames (N, H, W, C) with MARGIN + STEM_REACH mirrored pixels around them, plus what is missing to a
    multiple of STRIDE at the end.

    Pad's own mirror needs frames larger than the margin; positions that run to and fro need none.
    """
    edge = MARGIN + STEM_REACH
    negative = graph.node("Neg", "size.negative", size)
    missing = graph.node("Mod", "size.missing", negative, graph.integers("stride", STRIDE, STRIDE))
    ends = graph.node("Add", "size.behind", size, missing)
    begin, reach, one = (
        graph.scalar(f"mirror.{n}", v) for n, v in (("begin", -edge), ("reach", edge), ("one", 1))
    )
    for axis, name in ((1, "rows"), (2, "columns")):
        which = graph.scalar(f"{name}.which", axis - 1)
        length = graph.node("Gather", f"{name}.length", size, which)
        end = graph.node("Add", f"{name}.end", graph.node("Gather", f"{name}.behind", ends, which), reach)
        there_and_back = graph.node("Add", f"{name}.twice", length, length)
        place = graph.node("Range", f"{name}.places", begin, end, one)
        there = graph.node("Mod", f"{name}.there", place, there_and_back)
        last = graph.node("Sub", f"{name}.last", there_and_back, one)
        place = graph.node("Min", f"{name}.mirrored", there, graph.node("Sub", f"{name}.back", last, there))
        x = graph.node("Gather", f"{name}.gathered", x, place, axis=axis)
    return x


def _network(graph: _Graph, net: StyleNet, x: str) -> str:
    weight, bias = _numbers(net.stem)
    bias = bias - INPUT_CENTRE * INPUT_GAIN * weight.sum((1, 2, 3))
    x = graph.conv("stem", x, weight * INPUT_GAIN / 255, bias, stride=2, pad=0)
    x = graph.node("Relu", "stem.relu", x)
    x = graph.node("Relu", "down.relu", graph.conv("down", x, *_numbers(net.down), stride=2))
    for index, module in enumerate(net.blocks):
        block = cast(ResidualBlock, module)
        name, gain = f"block{index}", float(block.gain.detach())
        y = graph.node("Relu", f"{name}.relu", graph.conv(f"{name}.first", x, *_numbers(block.first)))
        weight, bias = _numbers(block.second)
        x = graph.node("Add", name, x, graph.conv(f"{name}.second", y, weight * gain, bias * gain))
    x = graph.conv("up", graph.node("Relu", "body.relu", x), *_after_doubling(*_numbers(net.up)))
    x = graph.node("Relu", "up.relu", graph.node("DepthToSpace", "up.shuffle", x, blocksize=2, mode="DCR"))
    weight, bias = _after_doubling(*_numbers(net.paint))
    # Half a level more, so that the final cast, which cuts off, rounds.
    x = graph.conv("paint", x, weight * 255, (bias + OUTPUT_CENTRE) * 255 + 0.5)
    return graph.node("DepthToSpace", "paint.shuffle", x, blocksize=2, mode="DCR")


def _after_doubling(weight: Array, bias: Array) -> tuple[Array, Array]:
    """A 3x3 convolution after doubling every pixel, as one before it, followed by a pixel shuffle.

    Each of the four sub-pixels of a pixel sees only 2x2 different pixels of the small picture, so the taps
    that fall on the same one are added up. weight (O, I, 3, 3) -> (4 * O, I, 3, 3), ordered as
    DepthToSpace's DCR mode wants it.
    """
    lands_on = (((0,), (1, 2), ()), ((), (0, 1), (2,)))
    subpixels = [
        np.stack(
            [
                np.stack([weight[:, :, rows][..., columns].sum((2, 3)) for columns in lands_on[right]], -1)
                for rows in lands_on[down]
            ],
            -2,
        )
        for down in (0, 1)
        for right in (0, 1)
    ]
    return np.concatenate(subpixels), np.tile(bias, 4)


def _numbers(conv: nn.Conv2d) -> tuple[Array, Array]:
    bias = conv.bias
    assert bias is not None
    return conv.weight.detach().double().numpy(), bias.detach().double().numpy()


def painted_by_torch(net: StyleNet, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the exported graph must compute, in torch: (N, H, W, 3) uint8 -> the same shape."""
    height, width = frames.shape[1:3]
    planes = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    rows, columns = (
        torch.arange(-MARGIN, side + MARGIN + -side % STRIDE).remainder(2 * side) for side in (height, width)
    )
    planes = planes[:, :, rows.minimum(2 * height - 1 - rows)][..., columns.minimum(2 * width - 1 - columns)]
    with torch.no_grad():
        painted = net(planes)[:, :, MARGIN : MARGIN + height, MARGIN : MARGIN + width]
    return painted.clamp(0, 1).mul(255).add(0.5).to(torch.uint8).permute(0, 2, 3, 1).numpy()
