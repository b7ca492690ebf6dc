"""A model that is not what its card says is refused with what differs and what to change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from reelbrush.errors import StyleError
from scoring.contract import Contract
from scoring.probe import open_session
from scoring.styles import load_style
from tests.scoring.models import block_model, save_style

FLOATS = Contract(dtype="float32", layout="NCHW", range=(0.0, 1.0))


def refusal(folder: Path, model: ModelProto, contract: Contract) -> str:
    with pytest.raises(StyleError) as caught:
        open_session(save_style(folder, "broken", model, contract))
    assert caught.value.code == "style" and not caught.value.retryable and caught.value.advice
    return str(caught.value)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"input": "picture"}, "inputs are ['frames']"),
        ({"output": "picture"}, "outputs are ['stylized']"),
        ({"dtype": "float16"}, "takes float32"),
        ({"layout": "NHWC"}, "axis 3"),
        ({"fixed_size": (48, 64)}, ""),
        ({"output_range": (1000.0, 1255.0)}, "outside the card's 1000..1255"),
    ],
)
def test_card_and_model_differ(tmp_path: Path, card: dict[str, object], words: str) -> None:
    model = block_model(FLOATS, 13)
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3
    if words == "":
        for axis, side in ((2, 50), (3, 60)):
            model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = side
        words = "pictures of [50, 60]"
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3
    if card.get("layout") == "NHWC":
        model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = 64
    assert words in refusal(tmp_path, model, replace(FLOATS, **card))  # type: ignore[arg-type]


def pointwise(op: str, *values: float, **attributes: object) -> ModelProto:
    constants = [numpy_helper.from_array(np.array(v, np.float32), f"c{i}") for i, v in enumerate(values)]
    shape = ["N", 3, "H", "W"]
    names = ["frames", *(constant.name for constant in constants)]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["stylized"], **attributes)],
        op,
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.FLOAT, [None] * 4)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def test_not_finite(tmp_path: Path) -> None:
    assert "not finite" in refusal(tmp_path, pointwise("Div", 0.0), FLOATS)


def test_one_colour(tmp_path: Path) -> None:
    assert "one colour" in refusal(tmp_path, pointwise("Mul", 0.0), FLOATS)


def test_output_in_another_range(tmp_path: Path) -> None:
    assert "outside the card's 0..1" in refusal(tmp_path, pointwise("Mul", 255.0), FLOATS)


def test_smaller_and_larger_outputs(tmp_path: Path) -> None:
    pool = pointwise("MaxPool", kernel_shape=[3, 3])
    assert "into (1, 3, 70, 102)" in refusal(tmp_path, pool, FLOATS)
    upscaler = pointwise("DepthToSpace", blocksize=1)
    del upscaler.graph.node[:]
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")
    upscaler.graph.initializer.append(scales)
    upscaler.graph.node.append(helper.make_node("Resize", ["frames", "", "scales"], ["stylized"]))
    assert "size_multiple" in refusal(tmp_path, upscaler, replace(FLOATS, size_multiple=4))


def test_a_missing_size_multiple_is_named(tmp_path: Path) -> None:
    model = block_model(replace(FLOATS, size_multiple=16), 13)
    assert "size_multiple" in refusal(tmp_path, model, FLOATS)


def test_a_graph_that_onnxruntime_cannot_load(tmp_path: Path) -> None:
    assert "loads" in refusal(tmp_path, pointwise("NoSuchOperator"), FLOATS)


@pytest.mark.parametrize(
    "contract",
    [
        {"layout": "CHW"},
        {"channels": "YUV"},
        {"dtype": "int8"},
        {"range": [1, 0]},
        {"range": [0, 1]},
        {"mean": [1, 2]},
        {"dtype": "float32", "std": [1, 0, 1]},
        {"size_multiple": 0},
        {"fixed_size": [0, 5]},
        {"output_range": [0]},
        {"fixed_size": "big"},
    ],
)
def test_a_contract_without_sense(tmp_path: Path, contract: dict[str, object]) -> None:
    (tmp_path / "odd").mkdir()
    card = {"name": "odd", "model": {"file": "m.onnx", "sha256": ""}, "contract": contract}
    (tmp_path / "odd" / "card.json").write_text(json.dumps(card))
    with pytest.raises(StyleError, match="odd"):
        load_style("odd", tmp_path)


@pytest.mark.parametrize("name", ["", "../x", "A", "-x", "a" * 65, "a/b", "x\n"])
def test_names_that_are_no_style_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="not a style name"):
        load_style(name, tmp_path)


def test_unknown_changed_and_misplaced_styles(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(StyleError, match=r"Known styles: identity$"):
            load_style("nothing", folder)
    style = save_style(tmp_path, "fine", block_model(FLOATS, 13), FLOATS)
    with pytest.raises(StyleError, match=r"Known styles: fine, identity$"):
        load_style("nothing", tmp_path)
    (tmp_path / "fine" / "model.onnx").write_bytes(b"other")
    with pytest.raises(StyleError, match="sha256"):
        style.load_model()
    (tmp_path / "fine").rename(tmp_path / "moved")
    with pytest.raises(StyleError, match="named 'fine'"):
        load_style("moved", tmp_path)
    card = json.loads((tmp_path / "moved" / "card.json").read_text())
    card |= {"name": "moved", "model": {"file": "../moved/model.onnx", "sha256": "0"}}
    (tmp_path / "moved" / "card.json").write_text(json.dumps(card))
    with pytest.raises(StyleError, match="plain file name"):
        load_style("moved", tmp_path)


@pytest.mark.parametrize("card", ["{", "[]", "[" * 100_000, '{"name": 3}', '{"name": "other"}'])
def test_a_broken_neighbour_does_not_hide_what_is_wrong(tmp_path: Path, card: str) -> None:
    save_style(tmp_path, "fine", block_model(FLOATS, 13), FLOATS)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "card.json").write_text(card)
    assert load_style("fine", tmp_path).name == "fine"
    with pytest.raises(StyleError, match=r"no style 'nothing'.*Known styles: bad, fine, identity$"):
        load_style("nothing", tmp_path)
    with pytest.raises(StyleError, match=r"style bad: card.json is not valid"):
        load_style("bad", tmp_path)


def external_initializer(model: ModelProto, location: str) -> None:
    tensor = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")


def external_in_a_branch(model: ModelProto, location: str) -> None:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "deep")
    onnx.external_data_helper.set_external_data(tensor, location)
    branch = helper.make_graph([helper.make_node("Constant", [], ["y"], value=tensor)], "branch", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["z"], then_branch=branch, else_branch=branch))


@pytest.mark.parametrize("spoil", [external_initializer, external_in_a_branch])
@pytest.mark.parametrize("location", ["weights.bin", "missing.bin", "../weights.bin", "/etc/hostname"])
def test_weights_in_other_files_are_refused(
    tmp_path: Path, spoil: Callable[[ModelProto, str], None], location: str
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "weights.bin").write_bytes(bytes(12))
    model = block_model(FLOATS, 13)
    spoil(model, location)
    assert "in another file" in refusal(tmp_path, model, FLOATS)


@pytest.mark.parametrize("data", [b"", b"text", b"\x08", bytes(range(256)), b"\x0a" * 400])
def test_files_that_are_no_models_are_refused(tmp_path: Path, data: bytes) -> None:
    save_style(tmp_path, "odd", block_model(FLOATS, 13), FLOATS)
    (tmp_path / "odd" / "model.onnx").write_bytes(data)
    card = json.loads((tmp_path / "odd" / "card.json").read_text())
    card["model"]["sha256"] = hashlib.sha256(data).hexdigest()
    (tmp_path / "odd" / "card.json").write_text(json.dumps(card))
    with pytest.raises(StyleError, match="style odd"):
        open_session(load_style("odd", tmp_path))
