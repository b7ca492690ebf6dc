"""Published models that nobody described to the check are found to be what they are known to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from scoring.check.card import Text, write_style
from scoring.check.examine import check_model
from scoring.contract import Contract
from scoring.probe import open_session, probe_picture
from scoring.styles import SHIPPED, load_style

FAST = Contract("input", "output", "NCHW", "RGB", "float32", size_multiple=4)
WINML = Contract("inputImage", "outputImage", "NCHW", "BGR", "float32", size_multiple=4)
KNOWN = {
    "fst-wave": FAST,
    "fst-udnie": FAST,
    **{f"winml-{name}": WINML for name in ("candy", "la_muse", "mosaic", "udnie")},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_public_models_are_described_and_freed_of_their_size(shared: Path, tmp_path: Path, name: str) -> None:
    data = (shared / "style" / "public" / f"{name}.onnx").read_bytes()
    verdict = check_model(data)
    assert verdict.accepted, verdict.reason
    assert verdict.contract == KNOWN[name]
    codes = {warning.code for warning in verdict.warnings}
    if name.startswith("fst"):
        assert codes == {"whole-picture", "no-license"} and not verdict.changes
    else:
        assert codes == {"whole-picture", "small-pictures"}
        assert verdict.license == "Free for personal or research use"
        assert len(verdict.changes) == 3
    if name == "winml-candy":  # the others have the same graph
        write_style(tmp_path / name, data, verdict, Text())
        session = open_session(load_style(name, tmp_path))
        frames = probe_picture(90, 130)
        assert session.paint(frames).shape == frames.shape
        frames = probe_picture(720, 720)
        assert np.array_equal(session.paint(frames), _alone(data, frames))


def _alone(data: bytes, frames: np.ndarray) -> np.ndarray:
    """What the published file itself makes of 720x720 frames."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    planes = frames[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    raw = np.asarray(session.run(None, {"inputImage": planes})[0])
    return np.clip(np.rint(raw), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)[..., ::-1]


@pytest.mark.parametrize("folder", sorted(SHIPPED.glob("*/card.json")), ids=lambda path: path.parent.name)
def test_shipped_styles_pass_without_a_warning(folder: Path) -> None:
    style = load_style(folder.parent.name)
    assert style.path is not None
    verdict = check_model(style.path.read_bytes())
    assert verdict.accepted and not verdict.warnings and not verdict.changes
    assert verdict.contract is not None and verdict.contract.passes_frames
