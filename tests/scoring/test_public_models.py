"""Models published by others run through the wrapper as they do alone."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from scoring.contract import Contract
from scoring.probe import open_session, probe_picture
from scoring.styles import Card, ModelFile, Style

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("REELBRUSH_SHARED", _ROOT.parent / "shared")) / "style" / "public"

FAST = Contract("input", "output", "NCHW", "RGB", "float32", size_multiple=4)
WINML = Contract("inputImage", "outputImage", "NCHW", "BGR", "float32", fixed_size=(720, 720))


def style_of(name: str, contract: Contract) -> Style:
    path = FOLDER / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Style(Card(name, ModelFile(path.name, digest), contract), path)


def alone(style: Style, frames: np.ndarray) -> np.ndarray:
    """The model's own answer to frames of a size that it takes."""
    order = -1 if style.card.contract.channels == "BGR" else 1
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = ort.InferenceSession(str(style.path), options, providers=["CPUExecutionProvider"])
    planes = frames[..., ::order].transpose(0, 3, 1, 2).astype(np.float32)
    raw = session.run(None, {style.card.contract.input: planes})[0]
    return np.clip(np.rint(raw), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)[..., ::order]


@pytest.mark.parametrize("name", ["fst-wave", "fst-udnie"])
def test_dynamic_models(name: str) -> None:
    style = style_of(name, FAST)
    session = open_session(style)
    frames = probe_picture(96, 128)
    assert np.abs(session.paint(frames).astype(int) - alone(style, frames)).max() <= 1
    assert session.paint(probe_picture(61, 83)).shape == (1, 61, 83, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["winml-candy"])  # the others have the same graph
def test_legacy_fixed_size_models(name: str) -> None:
    style = style_of(name, WINML)
    session = open_session(style)
    frames = probe_picture(720, 720)
    assert np.abs(session.paint(frames).astype(int) - alone(style, frames)).max() <= 1
    assert session.paint(probe_picture(90, 160)).shape == (1, 90, 160, 3)
