"""A model is rewritten only where it was seen to paint the same; a wrong rewrite is noticed and left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import ModelProto, numpy_helper

import scoring.rewrite.lighten as lighten
from reelbrush.cli.main import main
from scoring.check.trials import Trial
from scoring.contract import Contract
from scoring.probe import open_session, probe_picture
from scoring.rewrite.doubling import convolve_before_doubling
from scoring.rewrite.draft import Draft
from scoring.rewrite.few_outputs import four_pixels_at_once
from scoring.rewrite.lighten import lightened
from scoring.rewrite.proof import BOUND, Witness
from scoring.styles import load_style
from tests.scoring.check.sketch import Sketch, soft


def network(opset: int = 17) -> ModelProto:
    """A small TransformerNet: 9x9, a stride, a doubling, 9x9 to three colours, norms between; 0..255."""
    random, sketch = np.random.default_rng(2), Sketch()

    def step(x: str, inputs: int, outputs: int, side: int, stride: int = 1, gain: float = 1.0) -> str:
        around = sketch.constant([0, 0, side // 2, side // 2] * 2, np.int64)
        weight = random.normal(0, gain / side / inputs**0.5, (outputs, inputs, side, side)).astype(np.float32)
        x = sketch.add("Pad", x, around, mode="reflect")
        return sketch.conv(x, weight, random.normal(size=outputs), pads=[0] * 4, strides=[stride] * 2)

    def normed(x: str, count: int) -> str:
        gain, offset = (sketch.constant(random.uniform(0.5, 1.5, count)) for _ in range(2))
        return sketch.add("Relu", sketch.add("InstanceNormalization", x, gain, offset, epsilon=1e-5))

    x = normed(step("x", 3, 8, 9), 8)
    x = normed(step(x, 8, 12, 3, stride=2), 12)
    region = sketch.constant([])
    words = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    x = sketch.add("Resize", x, region, sketch.constant([1, 1, 2, 2]), mode="nearest", **words)
    x = normed(step(x, 12, 8, 3), 8)
    y = sketch.affine(step(x, 8, 3, 9, gain=0.3), 100.0, 80.0)
    return sketch.model(sketch.add("Add", y, sketch.conv("x", 0.3 * soft())), opset=opset)


def contract(model: ModelProto, multiple: int = 2) -> Contract:
    output = model.graph.output[0].name
    return Contract("x", output, "NCHW", "RGB", "float32", size_multiple=multiple)


@pytest.mark.parametrize("opset", [11, 13, 17])
def test_a_network_keeps_its_picture(opset: int) -> None:
    model = network(opset)
    light = lightened(model, contract(model))
    assert not light.remarks and len(light.changes) == 3
    assert sum(node.op_type == "Resize" for node in light.model.graph.node) == 0
    onnx.checker.check_model(light.model, full_check=True)
    x = np.random.default_rng(1).uniform(0, 255, (2, 3, 50, 70)).astype(np.float32)
    assert np.abs(Trial(model).run(x) - Trial(light.model).run(x)).max() < 1e-3
    assert lightened(light.model, contract(light.model)).changes == ()


def of_any_size() -> ModelProto:
    random, sketch = np.random.default_rng(2), Sketch()
    x = sketch.add("Relu", sketch.conv("x", random.normal(size=(8, 3, 3, 3)).astype(np.float32)))
    return sketch.model(sketch.conv(x, random.normal(size=(3, 8, 5, 5)).astype(np.float32), 90.0))


def test_odd_sides_are_kept_where_the_model_takes_them() -> None:
    model = of_any_size()
    light = lightened(model, contract(model, multiple=1))
    assert len(light.changes) == 1
    x = np.random.default_rng(1).uniform(0, 255, (1, 3, 33, 47)).astype(np.float32)
    assert Trial(light.model).run(x).shape == (1, 3, 33, 47)


def spoilt(rewrite: Callable[[Draft], int]) -> Callable[..., int]:
    """`rewrite`, with one of its new weights off by a hundredth of the largest."""

    def wrong(draft: Draft, **more: bool) -> int:
        count = rewrite(draft, **more)
        weight = max((t for t in draft.model.graph.initializer if len(t.dims) == 4), key=lambda t: t.dims[0])
        values = numpy_helper.to_array(weight).copy()
        values[tuple(side // 2 for side in values.shape)] += 0.01 * np.abs(values).max()
        weight.CopyFrom(numpy_helper.from_array(values, weight.name))
        return count

    return wrong


@pytest.mark.parametrize("rewrite", [convolve_before_doubling, four_pixels_at_once])
def test_a_wrong_rewrite_is_noticed(monkeypatch: pytest.MonkeyPatch, rewrite: Callable[[Draft], int]) -> None:
    model = network()
    right = lightened(model, contract(model))
    monkeypatch.setattr(lighten, rewrite.__name__, spoilt(rewrite))
    light = lightened(model, contract(model))
    assert len(light.changes) == len(right.changes) - 1
    assert len(light.remarks) == 1 and "left as it was" in light.remarks[0]
    x = np.random.default_rng(1).uniform(0, 255, (1, 3, 32, 32)).astype(np.float32)
    assert np.abs(Trial(model).run(x) - Trial(light.model).run(x)).max() < 1e-3


def test_another_size_is_a_difference() -> None:
    """Computed in pairs and never cut, pictures of odd sides would grow by a row."""
    model = of_any_size()
    witness = Witness(model, contract(model, multiple=1))
    draft = Draft(model)
    four_pixels_at_once(draft, even=True)
    assert witness.difference(draft.model) > BOUND
    assert witness.difference(model) == 0


def test_bytes_may_differ_where_they_were_rounded_and_nowhere_else() -> None:
    def rounded(offset: float, gain: float = 1.0) -> ModelProto:
        sketch = Sketch(kind=onnx.TensorProto.UINT8)
        x = sketch.affine(sketch.add("Cast", "x", to=1), gain, offset)
        x = sketch.add("Clip", x, sketch.constant(0.0), sketch.constant(255.0))
        return sketch.model(sketch.add("Cast", sketch.add("Round", x), to=2), kind=2)

    wanted = rounded(0.2)
    as_bytes = Contract("x", wanted.graph.output[0].name, "NCHW", "RGB", "uint8")
    witness = Witness(wanted, as_bytes)
    assert witness.difference(rounded(0.3)) == 0
    assert witness.difference(rounded(0.9)) > BOUND
    assert witness.difference(rounded(0.2, 1.01)) > BOUND


def test_models_with_branches_are_left_alone() -> None:
    model = network()
    branch = onnx.helper.make_graph([], "b", [], [])
    model.graph.node.add(op_type="If").attribute.append(onnx.helper.make_attribute("then_branch", branch))
    assert lightened(model, contract(model)).model is model


def test_check_style_writes_the_lighter_model_and_says_so(tmp_path: Path) -> None:
    file, plain = tmp_path / "net.onnx", network()
    file.write_bytes(plain.SerializeToString(deterministic=True))
    out = tmp_path / "styles" / "net"
    done = CliRunner().invoke(main, ["check-style", str(file), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert any("before a doubling" in change for change in told["changes"])
    style = load_style("net", out.parent)
    assert json.loads((out / "card.json").read_text())["check"]["changes"] == told["changes"]
    frames = probe_picture(51, 73)
    painted = open_session(style, "cpu").paint(frames).astype(int)
    (out / "model.onnx").write_bytes(file.read_bytes())
    card = json.loads((out / "card.json").read_text())
    card["model"] = {**card["model"], "sha256": card["provenance"]["source_sha256"]}
    (out / "card.json").write_text(json.dumps(card))
    wanted = open_session(load_style("net", out.parent), "cpu").paint(frames).astype(int)
    assert wanted.std() > 10
    assert np.abs(painted - wanted).max() <= 1 and np.mean(painted != wanted) < 1e-3
