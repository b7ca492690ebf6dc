"""A small network such as people import: 9x9, a stride, a doubling of pixels, 9x9 to three colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

_WIDTHS = (16, 32)


def network() -> ModelProto:
    """Return the network with weights that are the same on every call; `x` is (1, 3, H, W) in 0..255."""
    random = np.random.default_rng(2)
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []

    def constant(values: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(values, f"c{len(constants)}"))
        return constants[-1].name

    def add(kind: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"n{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def step(x: str, inputs: int, outputs: int, side: int, stride: int = 1) -> str:
        x = add("Pad", x, constant(np.array([0, 0, side // 2, side // 2] * 2, np.int64)), mode="reflect")
        weights = random.normal(0, 1 / side / inputs**0.5, (outputs, inputs, side, side))
        bias = constant(random.normal(size=outputs).astype(np.float32))
        return add("Conv", x, constant(weights.astype(np.float32)), bias, strides=[stride] * 2)

    def normed(x: str, count: int) -> str:
        gain, offset = (constant(random.uniform(0.5, 1.5, count).astype(np.float32)) for _ in range(2))
        return add("Relu", add("InstanceNormalization", x, gain, offset, epsilon=1e-5))

    narrow, wide = _WIDTHS
    x = normed(step("x", 3, narrow, 9), narrow)
    x = normed(step(x, narrow, wide, 3, stride=2), wide)
    nothing, doubled = constant(np.zeros(0, np.float32)), constant(np.array([1, 1, 2, 2], np.float32))
    words = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    x = add("Resize", x, nothing, doubled, mode="nearest", **words)
    x = normed(step(x, wide, narrow, 3), narrow)
    x = add("Mul", step(x, narrow, 3, 9), constant(np.array([40.0], np.float32)))
    output = add("Add", x, constant(np.array([128.0], np.float32)))
    colours = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, "h", "w"]) for name in ("x", output)
    ]
    graph = helper.make_graph(nodes, "imported", colours[:1], colours[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
