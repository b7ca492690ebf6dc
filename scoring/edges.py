"""Small ONNX graphs for the two edges of a model: frames to its input, its output to frames.

Only operators whose form is the same from opset 11 on are used, so the nodes may be put into a foreign graph
of any opset >= 11 as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from scoring.contract import Contract

FRAMES, STYLIZED, FRAME_SIZE = "frames", "stylized", "frame_size"
MIN_OPSET = 11

_TYPES = {"uint8": TensorProto.UINT8, "float16": TensorProto.FLOAT16, "float32": TensorProto.FLOAT}
_TO_NCHW, _TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


@dataclass
class Edge:
    """Nodes and constants under construction; all inner names begin with `prefix`."""

    prefix: str
    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    constants: list[TensorProto] = field(default_factory=list[TensorProto])

    def constant(self, values: Any, dtype: Any) -> str:
        """Return the name of a new constant tensor."""
        name = f"{self.prefix}c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, op: str, *inputs: str, to: str | None = None, **attributes: Any) -> str:
        """Append a node with one output and return the output's name, `to` if given."""
        output = to or f"{self.prefix}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=f"{output}/{op}", **attributes))
        return output

    def cast(self, tensor: str, kind: int, to: str | None = None) -> str:
        """Append a Cast to the ONNX element type `kind` and return the output's name, `to` if given."""
        output = to or f"{self.prefix}{len(self.nodes)}"
        self.nodes.append(helper.make_node("Cast", [tensor], [output], name=f"{output}/Cast", to=kind))
        return output


def _height_width(edge: Edge, frames: str, to: str | None = None) -> str:
    """int64 [height, width] of an (N, H, W, C) tensor."""
    index = edge.constant([1, 2], np.int64)
    return edge.add("Gather", edge.add("Shape", frames), index, axis=0, to=to)


def _pad_to(edge: Edge, image: str, missing: str) -> str:
    """Repeat the last row and column of (N, H, W, C) `missing` = int64 [rows, columns] times."""
    begin = edge.constant([0, 0, 0, 0, 0], np.int64)
    pads = edge.add("Concat", begin, missing, edge.constant([0], np.int64), axis=0)
    return edge.add("Pad", image, pads, mode="edge")


def _crop_to(edge: Edge, image: str, size: str) -> str:
    """Keep the top left int64 [height, width] of (N, H, W, C)."""
    start, axes = edge.constant([0, 0], np.int64), edge.constant([1, 2], np.int64)
    return edge.add("Slice", image, start, size, axes)


def _resize_to(edge: Edge, image: str, size: str) -> str:
    """Bilinear (N, H, W, C) -> (N, h, w, C) with int64 `size` = [h, w], centres of pixels aligned."""
    planes = edge.add("Transpose", image, perm=_TO_NCHW)
    head = edge.add("Gather", edge.add("Shape", planes), edge.constant([0, 1], np.int64), axis=0)
    sizes = edge.add("Concat", head, size, axis=0)
    nothing = edge.constant(np.zeros(0), np.float32)
    resized = edge.add("Resize", planes, nothing, nothing, sizes, mode="linear")
    return edge.add("Transpose", resized, perm=_TO_NHWC)


def _inner_size(edge: Edge, frame_size: str, fixed_size: tuple[int, int]) -> str:
    """int64 [height, width] of the largest picture of the frame's shape inside `fixed_size`, sides >= 1."""
    box = edge.constant(fixed_size, np.float32)
    size = edge.cast(frame_size, TensorProto.FLOAT)
    ratios = edge.add("Div", box, size)
    first = edge.add("Gather", ratios, edge.constant([0], np.int64), axis=0)
    second = edge.add("Gather", ratios, edge.constant([1], np.int64), axis=0)
    scaled = edge.add("Mul", size, edge.add("Min", first, second))
    rounded = edge.add("Floor", edge.add("Add", scaled, edge.constant(0.5, np.float32)))
    bounded = edge.add("Min", edge.add("Max", rounded, edge.constant(1, np.float32)), box)
    return edge.cast(bounded, TensorProto.INT64)


def _affine(edge: Edge, tensor: str, gain: np.ndarray, offset: np.ndarray) -> str:
    """`tensor * gain + offset` over the last axis (3 channels), without nodes that change nothing."""
    if not np.all(gain == 1):
        tensor = edge.add("Mul", tensor, edge.constant(gain, np.float32))
    if not np.all(offset == 0):
        tensor = edge.add("Add", tensor, edge.constant(offset, np.float32))
    return tensor


def input_edge(contract: Contract, model_input: str) -> Edge:
    """Return the graph FRAMES (N, H, W, 3) uint8 -> `model_input` as the contract wants it, and FRAME_SIZE.

    FRAME_SIZE is int64 [H, W], for `output_edge`. A size multiple is reached by repeating the last row and
    column. A fixed size is reached by letterboxing: scaled bilinearly to fit, then the same repetition;
    models that normalise over the whole picture see no black bars.
    """
    edge = Edge("in.")
    size = _height_width(edge, FRAMES, to=FRAME_SIZE)
    image = edge.cast(FRAMES, TensorProto.FLOAT)
    if contract.channels == "BGR":
        image = edge.add("Gather", image, edge.constant([2, 1, 0], np.int64), axis=3)
    low, high = contract.range
    mean, std = np.array(contract.mean or (0, 0, 0)), np.array(contract.std or (1, 1, 1))
    image = _affine(edge, image, (high - low) / 255 / std, (low - mean) / std)
    if contract.fixed_size is not None:
        inner = _inner_size(edge, size, contract.fixed_size)
        image = _resize_to(edge, image, inner)
        missing = edge.add("Sub", edge.constant(contract.fixed_size, np.int64), inner)
        image = _pad_to(edge, image, missing)
    elif contract.size_multiple > 1:
        negative = edge.add("Sub", edge.constant([0, 0], np.int64), size)
        missing = edge.add("Mod", negative, edge.constant(contract.size_multiple, np.int64))
        image = _pad_to(edge, image, missing)
    if contract.layout == "NCHW":
        image = edge.add("Transpose", image, perm=_TO_NCHW)
    if contract.dtype == "uint8":
        image = edge.add("Round", image)
    edge.cast(image, _TYPES[contract.dtype], to=model_input)
    return edge


def output_edge(contract: Contract, model_output: str) -> Edge:
    """Return the graph `model_output`, FRAME_SIZE -> STYLIZED (N, H, W, 3) uint8, clipped and rounded."""
    edge = Edge("out.")
    image = edge.cast(model_output, TensorProto.FLOAT)
    if contract.layout == "NCHW":
        image = edge.add("Transpose", image, perm=_TO_NHWC)
    if contract.fixed_size is not None:
        image = _crop_to(edge, image, _inner_size(edge, FRAME_SIZE, contract.fixed_size))
        image = _resize_to(edge, image, FRAME_SIZE)
    elif contract.size_multiple > 1:
        image = _crop_to(edge, image, FRAME_SIZE)
    low, high = contract.output_limits
    gain = 255 / (high - low)
    image = _affine(edge, image, np.full(3, gain), np.full(3, -low * gain))
    limits = (edge.constant(0, np.float32), edge.constant(255, np.float32))
    image = edge.add("Round", edge.add("Clip", image, *limits))
    if contract.channels == "BGR":
        image = edge.add("Gather", image, edge.constant([2, 1, 0], np.int64), axis=3)
    edge.cast(image, TensorProto.UINT8, to=STYLIZED)
    return edge
