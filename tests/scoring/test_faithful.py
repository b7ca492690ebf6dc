"""16-bit floats in the place of 32: only where the pictures are the same to the eye."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from scoring import opening
from scoring.contract import Contract
from scoring.faithful import Likeness, faithful_session, likeness
from scoring.opening import open_sparing
from scoring.probe import probe_picture
from scoring.styles import load_style
from tests.scoring.models import block_model, save_style


def test_pictures_are_compared_value_by_value() -> None:
    one = np.zeros((1, 10, 100, 1), np.uint8)
    other = one.copy()
    assert likeness(one, other) == Likeness(1.0, float("inf"))
    other[0, 0, 0] = 2
    assert likeness(one, other).share == 1.0
    other[0, 0, :2] = 3
    seen = likeness(one, other)
    assert seen.share == 0.998 and not seen.passes
    assert seen.psnr_db == pytest.approx(10 * np.log10(255**2 / (2 * 9 / 1000)))
    assert likeness(other, one) == seen  # bytes do not wrap
    assert not Likeness(1.0, 44.0).passes and Likeness(0.999, 45.0).passes


def test_a_shipped_style_may_be_painted_in_16_bits(caplog: pytest.LogCaptureFixture) -> None:
    style = load_style("starry-night")
    with caplog.at_level(logging.INFO):
        half = faithful_session(style.load_model(), style.card.contract, style.name, "cpu")
    assert half is not None
    assert "painted in 16-bit floats: 100.000 % of values within 2 levels" in caplog.text
    assert half.paint(probe_picture()).shape == probe_picture().shape


def difference_of_weights(gain: float) -> onnx.ModelProto:
    """Paints `gain` times the picture less 200 times: float16 has weights near 200 in steps of an eighth."""
    model = block_model(Contract(), 13)
    graph = model.graph
    (tensor,) = [one for one in graph.initializer if one.name == "gains"]
    tensor.CopyFrom(numpy_helper.from_array(np.full((1, 3, 1, 1), gain, np.float32), "gains"))
    graph.initializer.append(numpy_helper.from_array(np.full((1, 3, 1, 1), -200, np.float32), "less"))
    (add,) = [node for node in graph.node if node.op_type == "Add"]
    add.input[1] = "taken"
    graph.node.insert(list(graph.node).index(add), onnx.helper.make_node("Mul", ["big", "less"], ["taken"]))
    return model


def test_a_model_that_paints_otherwise_in_16_bits_keeps_its_32(caplog: pytest.LogCaptureFixture) -> None:
    assert faithful_session(difference_of_weights(200.875), Contract(), "fine", "cpu") is not None
    with caplog.at_level(logging.INFO):
        assert faithful_session(difference_of_weights(200.9375), Contract(), "coarse", "cpu") is None
    assert "style coarse: not painted in 16-bit floats" in caplog.text


def test_what_has_no_numbers_is_left_as_it_is() -> None:
    style = load_style("identity")
    assert faithful_session(style.load_model(), style.card.contract, style.name, "cpu") is None


def test_a_gpu_paints_in_16_bits_where_it_may(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The CPU stands in for the GPU."""
    monkeypatch.setattr(opening, "paints_on_cuda", bool)
    painter = open_sparing(load_style("starry-night"), "cpu")
    assert painter.notes == {"precision": "float16"}
    coarse = save_style(tmp_path, "coarse", difference_of_weights(200.9375), Contract())
    assert open_sparing(coarse, "cpu").notes == {}
