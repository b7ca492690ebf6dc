"""StyleNet -> ONNX, built node by node, so that the graph holds exactly what has to be computed.

`frames` (N, H, W, 3) uint8 RGB -> `stylized`, same shape and type, for any N, H, W >= 1. Everything around
the network is folded into its weights or into the graph: scaling of the input, gains of the residual blocks,
scaling and rounding of the output, padding to a multiple of 4 and cropping back.

The frame is mirrored once, at the start, and convolutions read nothing beyond what they are given, so that
the rim shrinks from layer to layer by what the layer reads, to nothing: no layer computes what no later one
looks at. The last convolution paints all 16 pixels of a cell at once, on the many channels that processors
are fast at; nothing but bytes is ever shuffled.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import nn

from training.cells import after_doubling
from training.edges import mirrored, pixels_of_cells, rim
from training.frame_model import frame_model
from training.graph import Array, Graph
from training.net import INPUT_CENTRE, INPUT_GAIN, OUTPUT_CENTRE, STRIDE, ResidualBlock, StyleNet


def export(net: StyleNet, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the network as an ONNX file; metadata goes into the model's properties.

    Raises onnx.checker.ValidationError if the graph is not valid (a bug, not a matter of the weights).
    """
    graph = Graph()
    size = graph.node("Shape", "size", "frames", start=1, end=3)
    x = mirrored(graph, "frames", size, rim(len(net.blocks)), rim(len(net.blocks)))
    x = graph.node("Transpose", "planes", x, perm=[0, 3, 1, 2])
    x = _network(graph, net, graph.node("Cast", "floats", x, to=TensorProto.FLOAT))
    x = graph.node("Clip", "clipped", x, graph.floats("black", 0.0), graph.floats("white", 255.0))
    pixels_of_cells(graph, graph.node("Cast", "bytes", x, to=TensorProto.UINT8), size)
    onnx.save(frame_model(graph.nodes, graph.weights, metadata), path)


def _network(graph: Graph, net: StyleNet, x: str) -> str:
    weight, bias = _numbers(net.stem)
    bias = bias - INPUT_CENTRE * INPUT_GAIN * weight.sum((1, 2, 3))
    x = graph.conv("stem", x, weight * INPUT_GAIN / 255, bias, stride=2)
    x = graph.node("Relu", "stem.relu", x)
    x = graph.node("Relu", "down.relu", graph.conv("down", x, *_numbers(net.down), stride=2))
    for index, module in enumerate(net.blocks):
        block = cast(ResidualBlock, module)
        name, gain = f"block{index}", float(block.gain.detach())
        y = graph.node("Relu", f"{name}.relu", graph.conv(f"{name}.first", x, *_numbers(block.first)))
        weight, bias = _numbers(block.second)
        y = graph.conv(f"{name}.second", y, weight * gain, bias * gain)
        x = graph.node("Add", name, _without_rim(graph, f"{name}.skip", x, net.shape.body), y)
    x = graph.node("Relu", "body.relu", x)
    # The zeros that it reads beyond the last cell reach only sub-pixels that nothing looks at.
    x = graph.conv("up", x, *after_doubling(*_numbers(net.up)), pad=1)
    x = graph.node("Relu", "up.relu", x)
    return _painted(graph, net, x)


def _without_rim(graph: Graph, name: str, x: str, channels: int) -> str:
    """`x` without two cells on every side, by a convolution that copies: a Slice would make onnxruntime leave
    the layout that convolutions are fast in, and come back to it.
    """
    copying = np.zeros((channels, 1, 5, 5))
    copying[:, 0, 2, 2] = 1
    weight = graph.floats(f"{name}.weight", copying)
    return graph.node("Conv", name, x, weight, kernel_shape=[5, 5], group=channels)


def _painted(graph: Graph, net: StyleNet, x: str) -> str:
    """The 48 bytes of every cell of 4x4 px, by one convolution: `training.cells.on_cells` as nodes.

    The file holds the small weight, and onnxruntime computes the large one when it loads it.
    """
    weight, bias = after_doubling(*_numbers(net.paint))
    # Half a level more, so that the final cast, which cuts off, rounds.
    small = graph.floats("paint.weight", weight * 255)
    placed = [
        graph.node(
            "Pad",
            f"paint.placed{down}{right}",
            small,
            graph.integers(f"paint.pads{down}{right}", 0, 0, 1 + down, 1 + right, 0, 0, 2 - down, 2 - right),
        )
        for down in (0, 1)
        for right in (0, 1)
    ]
    joined = graph.node("Concat", "paint.joined", *placed, axis=0)
    head = net.shape.head
    apart = graph.integers("paint.apart", 2, 2, 2, 2, 3, head, 3, 2, 3, 2)
    joined = graph.node("Reshape", "paint.parted", joined, apart)
    joined = graph.node("Transpose", "paint.sorted", joined, perm=[0, 2, 1, 3, 4, 7, 9, 5, 6, 8])
    cells = graph.node("Reshape", "paint.cells", joined, graph.integers("paint.shape", 48, 4 * head, 3, 3))
    values = graph.floats("paint.bias", np.tile((bias + OUTPUT_CENTRE) * 255 + 0.5, 4))
    return graph.node("Conv", "paint", x, cells, values, kernel_shape=[3, 3])


def _numbers(conv: nn.Conv2d) -> tuple[Array, Array]:
    bias = conv.bias
    assert bias is not None
    return conv.weight.detach().double().numpy(), bias.detach().double().numpy()


def painted_by_torch(net: StyleNet, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the exported graph must compute, in torch: (N, H, W, 3) uint8 -> the same shape."""
    height, width = frames.shape[1:3]
    planes = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    margin = 4 * -(-net.shape.reach() // 4)  # beyond it lies nothing that the frame could depend on
    rows, columns = (
        torch.arange(-margin, side + margin + -side % STRIDE).remainder(2 * side) for side in (height, width)
    )
    planes = planes[:, :, rows.minimum(2 * height - 1 - rows)][..., columns.minimum(2 * width - 1 - columns)]
    with torch.no_grad():
        painted = net(planes)[:, :, margin : margin + height, margin : margin + width]
    return painted.clamp(0, 1).mul(255).add(0.5).to(torch.uint8).permute(0, 2, 3, 1).numpy()
