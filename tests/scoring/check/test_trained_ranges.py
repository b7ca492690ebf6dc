"""Trained networks, rewritten for other value ranges that show nowhere in the graph, are seen through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from scoring.check.examine import check_model
from scoring.styles import SHIPPED

Range = tuple[float, float]
BYTES, UNIT, SIGNED = (0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)


def rewritten(path: Path, taken: Range, given: Range) -> ModelProto:
    """A shipped model on floats in `taken`, answering in `given`: both folded into its convolutions."""
    model = onnx.load(path)
    nodes = list(model.graph.node)
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    first, last = (node.output[0] for node in (convolutions[0], convolutions[-1]))
    weight, bias = weights_of(model, f"{first}.weight"), weights_of(model, f"{first}.bias")
    gain, offset = 255 / (taken[1] - taken[0]), -255 * taken[0] / (taken[1] - taken[0])
    set_weights(model, f"{first}.weight", weight * gain)
    set_weights(model, f"{first}.bias", bias + offset * weight.sum((1, 2, 3)))
    weight, bias = weights_of(model, f"{last}.weight"), weights_of(model, f"{last}.bias")
    gain = (given[1] - given[0]) / 255
    set_weights(model, f"{last}.weight", weight * gain)
    set_weights(model, f"{last}.bias", bias * gain + given[0])
    del model.graph.node[:]
    model.graph.node.extend(passed_on(node) if is_byte_edge(node) else node for node in nodes)
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.elem_type = TensorProto.FLOAT
    return model


def is_byte_edge(node: NodeProto) -> bool:
    return node.op_type in ("Clip", "Cast")


def passed_on(node: NodeProto) -> NodeProto:
    return helper.make_node("Identity", [node.input[0]], list(node.output))


def weights_of(model: ModelProto, name: str) -> np.ndarray:
    return numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == name))


def set_weights(model: ModelProto, name: str, values: np.ndarray) -> None:
    tensor = next(t for t in model.graph.initializer if t.name == name)
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))


@pytest.mark.parametrize(("taken", "given"), [(BYTES, BYTES), (UNIT, UNIT), (SIGNED, SIGNED), (UNIT, BYTES)])
@pytest.mark.parametrize("style", ["great-wave", "stained-glass", "starry-night"])
def test_ranges_are_found_by_running_or_called_a_guess(style: str, taken: Range, given: Range) -> None:
    verdict = check_model(rewritten(SHIPPED / style / "model.onnx", taken, given).SerializeToString())
    assert verdict.accepted and verdict.contract is not None
    how = {fact.name: fact.how for fact in verdict.facts}
    right = verdict.contract.range == taken and verdict.contract.output_limits == given
    assert right or how["range"] == how["output range"] == "assumed"
