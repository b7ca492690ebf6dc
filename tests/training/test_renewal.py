"""A style exported again is the same style."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from onnx import numpy_helper

from tests.conftest import ROOT
from training.__main__ import main
from training.digest import sha256
from training.quantise import VARIANT
from training.renewal import renew

STYLE = ROOT / "styles" / "starry-night"


@pytest.fixture
def style(tmp_path: Path) -> Path:
    shutil.copytree(STYLE, tmp_path / "starry-night")
    return tmp_path / "starry-night"


def test_weights_texts_and_provenance_stay(style: Path) -> None:
    told = CliRunner().invoke(main, ["renew", str(style)])
    assert told.exit_code == 0, told.output
    card, before = (json.loads((folder / "card.json").read_text()) for folder in (style, STYLE))
    assert card["model"]["sha256"] == sha256(style / "model.onnx")
    assert (
        card["provenance"] == before["provenance"]
        and card["measured"]["gates"] == before["measured"]["gates"]
    )
    assert "variants" not in card and not (style / VARIANT).exists()
    models = [onnx.load(folder / "model.onnx") for folder in (style, STYLE)]
    assert models[0].metadata_props == models[1].metadata_props
    weights = [{t.name: numpy_helper.to_array(t) for t in model.graph.initializer} for model in models]
    for name in ("stem.weight", "block3.second.weight", "paint.weight"):
        assert np.allclose(weights[0][name], weights[1][name], rtol=1e-4, atol=1e-4)


def test_another_painting_is_refused(style: Path) -> None:
    model = onnx.load(style / "model.onnx")
    white = next(tensor for tensor in model.graph.initializer if tensor.name == "white")
    white.CopyFrom(numpy_helper.from_array(np.array(200, np.float32), "white"))
    onnx.save(model, style / "model.onnx")
    files = {path.name: path.read_bytes() for path in style.iterdir()}
    with pytest.raises(ValueError, match="paint differently"):
        renew(style)
    assert {path.name: path.read_bytes() for path in style.iterdir()} == files


def test_a_style_without_its_picture_is_refused(style: Path) -> None:
    (style / "before.jpg").unlink()
    with pytest.raises(FileNotFoundError):
        renew(style)
