"""Every style that ships: the card is true, the model small, sound and no identity."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from training.gates import Gates

STYLES = sorted(path.parent for path in (Path(__file__).parents[2] / "styles").glob("*/card.json"))


def _session(style: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(style / "model.onnx", options, providers=["CPUExecutionProvider"])


def _paint(style: Path, frames: np.ndarray) -> np.ndarray:
    return np.asarray(_session(style).run(["stylized"], {"frames": frames})[0])


def _scene(count: int, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 17 + k) * np.cos(y / 11 - k) for k in range(3 * count)]
    return (
        (127 + 120 * np.stack(waves, -1))
        .astype(np.uint8)
        .reshape(height, width, count, 3)
        .transpose(2, 0, 1, 3)
        .copy()
    )


def test_at_least_six_styles_ship() -> None:
    assert len(STYLES) >= 6


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
class TestStyle:
    def test_the_card_is_complete_and_true(self, style: Path) -> None:
        card = json.loads((style / "card.json").read_text())
        assert card["name"] == style.name
        assert card["model"]["sha256"] == hashlib.sha256((style / "model.onnx").read_bytes()).hexdigest()
        assert card["contract"]["input"] == "frames" and card["contract"]["dtype"] == "uint8"
        assert card["title"] and card["description"] and card["license"]
        provenance = card["provenance"]
        assert provenance["legal_status"] and provenance["painting"] and provenance["command"]
        assert provenance["content"]["pictures"] == sum(
            s["pictures"] for s in provenance["content"]["sources"]
        )

    def test_the_card_says_what_was_measured(self, style: Path) -> None:
        measured = json.loads((style / "card.json").read_text())["measured"]
        assert Gates(**measured["gates"]).failures() == ()
        assert measured["flicker_sample_clip"] < 4
        assert measured["optimisation"]["style_ratio"] > 0 and measured["optimisation"]["steps"] == 300

    def test_an_int8_variant_is_near_the_float_model(self, style: Path) -> None:
        card = json.loads((style / "card.json").read_text())
        for variant in card.get("variants", {}).values():
            assert variant["psnr_db_worst"] >= 30
            data = (style / variant["file"]).read_bytes()
            assert variant["sha256"] == hashlib.sha256(data).hexdigest() and len(data) < 600_000

    def test_the_files_are_small(self, style: Path) -> None:
        assert (style / "model.onnx").stat().st_size < 1_500_000
        for name in ("before.jpg", "after.jpg"):
            assert (style / name).stat().st_size <= 40_000

    def test_the_model_has_no_statistics_over_the_frame(self, style: Path) -> None:
        model = onnx.load(style / "model.onnx")
        onnx.checker.check_model(model, full_check=True)
        operators = {node.op_type for node in model.graph.node}
        assert not {op for op in operators if "Norm" in op or "Reduce" in op or "Pool" in op}

    @pytest.mark.parametrize("shape", [(1, 5, 7), (3, 91, 133), (1, 1, 1)])
    def test_any_size_runs(self, style: Path, shape: tuple[int, int, int]) -> None:
        frames = _scene(*shape)
        painted = _paint(style, frames)
        assert painted.shape == frames.shape and painted.dtype == np.uint8

    def test_it_paints_and_does_so_again(self, style: Path) -> None:
        frames = _scene(1, 120, 160)
        painted = _paint(style, frames)
        assert np.abs(painted.astype(int) - frames).mean() > 10
        assert painted.std() > 15
        assert np.array_equal(painted, _paint(style, frames))

    def test_a_tile_equals_the_same_place_of_the_whole_frame(self, style: Path) -> None:
        frames = _scene(1, 200, 260)
        tile = _paint(style, np.ascontiguousarray(frames[:, 40:200, 60:220]))
        inside = (slice(None), slice(48, -48), slice(48, -48))
        assert np.array_equal(tile[inside], _paint(style, frames)[:, 40:200, 60:220][inside])
