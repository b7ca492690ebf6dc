"""Jobs painted with a variant of their style, or refused before any frame."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import pytest

from reelbrush.errors import StyleError
from reelbrush.job import BlobRef, Job, Options
from reelbrush.job.codec import to_json
from scoring.contract import Contract
from scoring.probe import open_session, probe_picture
from scoring.repaint import Repainter, open_repainter
from scoring.styles import Card, ModelFile, load_style
from tests.scoring.models import block_model, save_style

HALF = Fraction(1, 2)


@pytest.fixture
def styles(tmp_path: Path) -> Path:
    """`plain`, and `both`, whose int8 variant paints otherwise than its model."""
    contract = Contract(size_multiple=4)
    save_style(tmp_path, "plain", block_model(contract, 13), contract)
    both = save_style(tmp_path, "both", block_model(contract, 13), contract).card
    variant = block_model(contract, 17).SerializeToString()
    (tmp_path / "both" / "model-int8.onnx").write_bytes(variant)
    file = ModelFile("model-int8.onnx", hashlib.sha256(variant).hexdigest())
    card = Card("both", both.model, contract, variants={"int8": file})
    (tmp_path / "both" / "card.json").write_text(json.dumps(to_json(card)))
    return tmp_path


def opened(styles: Path, style: str, options: Options, providers: str = "cpu") -> Repainter:
    job = Job("a", BlobRef("input", "a", "0", 1), style, options)
    return open_repainter(job, styles, providers, time_base=Fraction(1, 25), first_tick=0)


def test_the_variant_paints_and_is_named(styles: Path) -> None:
    painter = opened(styles, "both", Options(precision="int8"))
    variant = load_style("both", styles).in_precision("int8")
    assert (
        painter.versions["model"] == variant.card.model.sha256 != load_style("both", styles).card.model.sha256
    )
    frames = probe_picture()
    assert (painter.paint(frames, [0]) == open_session(variant, "cpu").paint(frames)).all()


def test_both_styles_of_a_mix_need_it(styles: Path) -> None:
    wish = Options(mix="plain", mix_share=HALF, precision="int8")
    with pytest.raises(StyleError, match="style plain has no int8 variant"):
        opened(styles, "both", wish)
    with pytest.raises(StyleError, match="style plain has no int8 variant"):
        opened(styles, "plain", Options(mix="both", mix_share=HALF, precision="int8"))
    opened(styles, "identity", Options(mix="both", mix_share=HALF, precision="int8"))


def test_it_is_refused_on_cuda(styles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    available = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr("scoring.session.ort.get_available_providers", lambda: available)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(StyleError, match="Use precision float32"):
        opened(styles, "both", Options(precision="int8"), "auto")
    opened(styles, "both", Options(precision="int8"), "cpu")


def test_a_variant_must_be_what_the_card_says(styles: Path) -> None:
    (styles / "both" / "model-int8.onnx").write_bytes(b"another")
    with pytest.raises(StyleError, match=r"model-int8\.onnx has sha256"):
        opened(styles, "both", Options(precision="int8"))
    card = json.loads((styles / "both" / "card.json").read_text())
    card["variants"]["int8"]["file"] = "../plain/model.onnx"
    (styles / "both" / "card.json").write_text(json.dumps(card))
    with pytest.raises(StyleError, match="not a plain file name"):
        load_style("both", styles)
