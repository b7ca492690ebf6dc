"""Ranges are percentiles over all pictures together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from training.frame_model import frame_model
from training.ranges import SHARES, ranges_on


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """`seen` is the frame's bytes less 100."""
    hundred = helper.make_tensor("hundred", TensorProto.FLOAT, [], [100.0])
    nodes = [
        helper.make_node("Cast", ["frames"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["floats", "hundred"], ["seen"]),
        helper.make_node("Identity", ["frames"], ["stylized"]),
    ]
    onnx.save(frame_model(nodes, [hundred], {}), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_what_lies_beyond_is_the_share_that_was_asked_for(model: Path) -> None:
    pictures = [np.full((1, 100, 100, 3), 120, np.uint8) for _ in range(2)]
    pictures[0][0, 0, 0], pictures[1][0, 0, :2, 0] = (3, 4, 5), (250, 240)
    found = ranges_on(model, ["seen"], pictures, list(SHARES))
    assert found["minmax"] == {"seen": (-97.0, 150.0)}
    # 60,000 values: six may lie beyond at either end, or none.
    assert found["99.99 %"] == {"seen": (20.0, 20.0)}
    assert found["99.999 %"] == found["minmax"]
