"""What the whole numbers of an int8 model mean is what the float model has."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.conftest import ROOT
from training.int8_graph import int8_model, tensors

MODEL = ROOT / "styles" / "starry-night" / "model.onnx"
BLOCKS = 4


@pytest.mark.parametrize("bias", [0.7, -250.0])
def test_a_channel_that_only_has_a_bias_keeps_it(bias: float) -> None:
    weights = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float64)
        for tensor in onnx.load(MODEL).graph.initializer
    }
    weights["block1.first.weight"][3] = 0
    weights["block1.first.bias"][3] = bias
    model = int8_model(weights, dict.fromkeys(tensors(BLOCKS), (-4.0, 4.0)), {})
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    name = "block1.first"
    steps = found[f"{name}.steps"].astype(np.float64) * found[f"{name}.given.step"]
    assert found[f"{name}.bias"] * steps == pytest.approx(weights[f"{name}.bias"], rel=1e-3, abs=1e-3)
    assert not found[f"{name}.weight"][3].any()
