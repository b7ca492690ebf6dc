"""Published models, of old and new opsets, are rewritten and paint the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from scoring.check.dynamic import free_sizes
from scoring.check.trials import Form
from scoring.contract import Contract
from scoring.probe import probe_picture, proven_session
from scoring.rewrite.lighten import lightened

FAST = Contract("input", "output", "NCHW", "RGB", "float32", size_multiple=4)
WINML = Contract("inputImage", "outputImage", "NCHW", "BGR", "float32", size_multiple=4)


def close(first: np.ndarray, second: np.ndarray) -> bool:
    apart = np.abs(first.astype(int) - second)
    return first.std() > 20 and apart.max() <= 1 and np.mean(apart > 0) < 1e-3


@pytest.mark.parametrize("name", ["fst-wave", "fst-udnie"])
def test_transposed_and_last_convolutions(shared: Path, name: str) -> None:
    model = onnx.load(shared / "style" / "public" / f"{name}.onnx")
    light = lightened(model, FAST)
    assert not light.remarks and len(light.changes) == 2
    assert "ConvTranspose" not in {node.op_type for node in light.model.graph.node}
    frames = probe_picture(61, 90)
    painted = [proven_session(m, FAST, name, "cpu").paint(frames) for m in (model, light.model)]
    assert close(*painted)


@pytest.mark.parametrize("name", ["winml-candy"])  # the others have the same graph
def test_models_of_an_old_opset_freed_of_their_size(shared: Path, name: str) -> None:
    original = onnx.load(shared / "style" / "public" / f"{name}.onnx")
    form = Form("inputImage", "outputImage", "NCHW", "float32", "float32", (720, 720))
    freed = free_sizes(original, form)
    assert freed is not None
    light = lightened(freed.model, WINML)
    assert not light.remarks and len(light.changes) == 2
    frames = probe_picture(90, 131)
    painted = [proven_session(m, WINML, name, "cpu").paint(frames) for m in (freed.model, light.model)]
    assert close(*painted)
