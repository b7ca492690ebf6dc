"""What a graph costs at least: operations and bytes, counted node by node, against what a GPU can do."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, shape_inference

FREE = frozenset({"Constant", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"})
"""Nodes that move nothing."""

TWICE = frozenset({"InstanceNormalization"})
"""Nodes that read their first input twice: for its mean and spread, then for themselves."""

_BYTES: dict[int, int] = {
    TensorProto.UINT8: 1,
    TensorProto.INT8: 1,
    TensorProto.BOOL: 1,
    TensorProto.INT64: 8,
}
_HALF = 2  # bytes of all floats


@dataclass(frozen=True)
class NodeCost:
    """One node's work in 16-bit floats, each of its tensors read or written once."""

    operator: str
    operations: int  # two per multiplication with addition; convolutions alone
    moved: int  # bytes


@dataclass(frozen=True)
class Card:
    """What a GPU can do at best."""

    name: str
    tflops: float  # 1e12 operations per second in float16 with tensor cores, dense
    gb_per_second: float  # read and written together, 1e9 bytes


CARDS = (
    Card("T4", 65, 320),
    Card("A100 80GB PCIe", 312, 1935),
    Card("H100 SXM", 989, 3350),
)
"""By NVIDIA's data sheets of these cards (tensor cores, without sparsity)."""


def fixed_graph(model: ModelProto, shape: tuple[int, int, int, int]) -> ModelProto:
    """Return `model` for frames of `shape` (N, H, W, 3) as a runtime does: sizes known, constants folded."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        if dimension.dim_param:
            options.add_free_dimension_override_by_name(dimension.dim_param, size)
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "fixed.onnx")
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return shape_inference.infer_shapes(onnx.load(options.optimized_model_filepath))


def costs(model: ModelProto, shape: tuple[int, int, int, int]) -> list[NodeCost]:
    """Return the cost of every node of `model` for frames of `shape` (N, H, W, 3).

    Raises ValueError when a size stays unknown, since it would be left out.
    """
    graph = fixed_graph(model, shape).graph
    sizes: dict[str, tuple[list[int], int]] = {
        tensor.name: (list(tensor.dims), tensor.data_type) for tensor in graph.initializer
    }
    for value in [*graph.value_info, *graph.input, *graph.output]:
        kind = value.type.tensor_type
        sizes[value.name] = ([side.dim_value for side in kind.shape.dim], kind.elem_type)
    return [_cost(node, sizes) for node in graph.node if node.op_type not in FREE]


def _cost(node: NodeProto, sizes: dict[str, tuple[list[int], int]]) -> NodeCost:
    names = [name for name in [*node.input, *node.output] if name]
    unknown = [name for name in names if name not in sizes or (0 in sizes[name][0] and name in node.output)]
    if unknown:
        raise ValueError(f"{node.op_type}: the size of {unknown[0]} is not known")
    moved = sum(_size(*sizes[name]) for name in names)
    if node.op_type in TWICE:
        moved += _size(*sizes[node.input[0]])
    operations = 0
    if node.op_type == "Conv":
        weight, output = sizes[node.input[1]][0], sizes[node.output[0]][0]
        operations = 2 * math.prod(output) * math.prod(weight[1:])
    return NodeCost(node.op_type, operations, moved)


def _size(sides: list[int], kind: int) -> int:
    return math.prod(sides) * _BYTES.get(kind, _HALF)


def least_seconds(nodes: Sequence[NodeCost], tflops: float, gb_per_second: float) -> float:
    """Return how long the nodes take, one after the other, each at the slower of both rates."""
    return sum(max(node.operations / tflops / 1e12, node.moved / gb_per_second / 1e9) for node in nodes)


def paper(model: ModelProto, size: tuple[int, int], cards: Sequence[Card] = CARDS) -> dict[str, object]:
    """Return GFLOP, MB and the least milliseconds per card for one frame of `size` (width, height)."""
    nodes = costs(model, (1, size[1], size[0], 3))
    operations, moved = sum(node.operations for node in nodes), sum(node.moved for node in nodes)
    return {
        "gflop": operations / 1e9,
        "mb": moved / 1e6,
        "conv_mb": sum(node.moved for node in nodes if node.operator == "Conv") / 1e6,
        "ms": {card.name: 1e3 * least_seconds(nodes, card.tflops, card.gb_per_second) for card in cards},
    }
