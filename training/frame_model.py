"""The shell of every ONNX model that this package writes: frames in, painted frames out."""

from collections.abc import Mapping, Sequence

import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper

OPSET = 17
IR_VERSION = 8
"""What onnxruntime 1.24 and later, and every onnxruntime-gpu of the same age, can read."""


def frame_model(
    nodes: Sequence[NodeProto], weights: Sequence[TensorProto], metadata: Mapping[str, str]
) -> ModelProto:
    """A checked model `frames` -> `stylized`, both (N, H, W, 3) uint8; metadata goes into its properties.

    Raises onnx.checker.ValidationError if the graph is not valid (a bug, not a matter of the weights).
    """
    shape = ["N", "H", "W", 3]
    graph = helper.make_graph(
        nodes,
        "style",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.UINT8, shape)],
        weights,
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="reelbrush")
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model
