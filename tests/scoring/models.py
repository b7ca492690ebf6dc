"""Tiny ONNX models with any contract, and what they compute, in numpy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from reelbrush.job import to_json
from scoring.contract import Contract
from scoring.styles import Card, ModelFile, Style, load_style

TYPES = {"uint8": TensorProto.UINT8, "float16": TensorProto.FLOAT16, "float32": TensorProto.FLOAT}
GAINS, OFFSETS = (
    (0.5, 0.75, 1.0),
    (0.02, 0.1, 0.0),
)  # per channel in the model's order; offsets in parts of the range


def block_model(contract: Contract, opset: int, output_type: str | None = None) -> onnx.ModelProto:
    """A model that averages blocks of `size_multiple` pixels and scales each channel by GAINS and OFFSETS.

    Its output has another size than its input unless that is a multiple; a fixed size is kept.
    """
    low, high = contract.output_limits
    channel = (1, 3, 1, 1)
    constants = [
        numpy_helper.from_array(np.array(GAINS, np.float32).reshape(channel), "gains"),
        numpy_helper.from_array(np.array(OFFSETS, np.float32).reshape(channel) * (high - low), "offsets"),
    ]
    nodes = [helper.make_node("Cast", [contract.input], ["x"], to=TensorProto.FLOAT)]
    if contract.layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]))
    else:
        nodes.append(helper.make_node("Identity", ["x"], ["planes"]))
    block = contract.size_multiple
    scales = numpy_helper.from_array(np.array([1, 1, block, block], np.float32), "scales")
    nothing = numpy_helper.from_array(np.zeros(0, np.float32), "nothing")
    nodes.append(
        helper.make_node("AveragePool", ["planes"], ["small"], kernel_shape=[block] * 2, strides=[block] * 2)
    )
    if opset < 10:
        nodes.append(helper.make_node("Upsample", ["small"], ["big"], scales=[1.0, 1.0, block, block]))
    else:
        constants += [scales, nothing]
        nodes.append(
            helper.make_node(
                "Resize",
                ["small", "nothing", "scales"],
                ["big"],
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
        )
    nodes += [
        helper.make_node("Mul", ["big", "gains"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offsets"], ["painted"]),
    ]
    if contract.layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["painted"], ["pixels"], perm=[0, 2, 3, 1]))
    else:
        nodes.append(helper.make_node("Identity", ["painted"], ["pixels"]))
    kind = TYPES[output_type or contract.dtype]
    nodes.append(helper.make_node("Cast", ["pixels"], [contract.output], to=kind))
    height, width = contract.fixed_size or ("H", "W")
    shape = ["N", height, width, 3] if contract.layout == "NHWC" else ["N", 3, height, width]
    graph = helper.make_graph(
        nodes,
        "blocks",
        [helper.make_tensor_value_info(contract.input, TYPES[contract.dtype], shape)],
        [helper.make_tensor_value_info(contract.output, kind, [None] * 4)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def painted_blocks(frames: np.ndarray, contract: Contract) -> np.ndarray:
    """What `block_model` has to make of (N, H, W, 3) uint8 `frames`, of the fixed size if there is one."""
    low, high = contract.range
    values = frames.astype(np.float64)[..., :: -1 if contract.channels == "BGR" else 1]
    values = low + values / 255 * (high - low)
    values = (values - np.array(contract.mean or (0, 0, 0))) / np.array(contract.std or (1, 1, 1))
    block = contract.size_multiple
    count, height, width, _ = values.shape
    values = np.pad(values, ((0, 0), (0, -height % block), (0, -width % block), (0, 0)), "edge")
    rows, columns = values.shape[1] // block, values.shape[2] // block
    values = values.reshape(count, rows, block, columns, block, 3).mean((2, 4))
    values = values.repeat(block, 1).repeat(block, 2)[:, :height, :width]
    low, high = contract.output_limits
    values = values * np.array(GAINS) + np.array(OFFSETS) * (high - low)
    values = np.clip(np.rint((values - low) / (high - low) * 255), 0, 255)
    return values[..., :: -1 if contract.channels == "BGR" else 1].astype(np.uint8)


def slow_model(layers: int) -> onnx.ModelProto:
    """A model that passes frames on and wastes a few milliseconds per layer on a small frame."""
    weights = np.full((64, 64, 3, 3), 1 / 576, np.float32)
    first = np.full((64, 3, 3, 3), 1 / 27, np.float32)
    last = np.full((3, 64, 1, 1), 1e-9, np.float32)
    constants = [numpy_helper.from_array(a, n) for a, n in ((weights, "w"), (first, "first"), (last, "last"))]
    nodes = [
        helper.make_node("Cast", ["frames"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "first"], ["l0"], pads=[1, 1, 1, 1]),
    ]
    for layer in range(layers):
        nodes.append(helper.make_node("Conv", [f"l{layer}", "w"], [f"l{layer + 1}"], pads=[1, 1, 1, 1]))
    nodes += [
        helper.make_node("Conv", [f"l{layers}", "last"], ["wasted"]),
        helper.make_node("Add", ["planes", "wasted"], ["y"]),
        helper.make_node("Transpose", ["y"], ["pixels"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["pixels"], ["stylized"], to=TensorProto.UINT8),
    ]
    shape = ["N", "H", "W", 3]
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.UINT8, shape)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def save_style(folder: Path, name: str, model: onnx.ModelProto, contract: Contract) -> Style:
    """Write `folder`/<name>/ as a style folder and load it as the product does."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString()
    (home / "model.onnx").write_bytes(data)
    card = Card(name, ModelFile("model.onnx", hashlib.sha256(data).hexdigest()), contract)
    (home / "card.json").write_text(json.dumps(to_json(card)))
    return load_style(name, folder)
