"""The built-in style `identity`: a real ONNX graph that gives back what it takes."""

from __future__ import annotations

from onnx import ModelProto, TensorProto, helper


def identity_model() -> ModelProto:
    """Return a model `frames` (N, H, W, 3) uint8 -> `stylized` (N, H, W, 3) uint8 that changes nothing."""
    shape = ["N", "H", "W", 3]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["frames"], ["stylized"])],
        "identity",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.UINT8, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
