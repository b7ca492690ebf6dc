"""The style's card: what the product must know to run the model, and what a person must know to use it."""

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image

from training.export import export
from training.measure import Measured, Painter, measure
from training.net import NetShape, StyleNet
from training.provenance import RECORD, sha256

CARD_VERSION = 1
THUMBNAIL = (320, 240)
"""Largest width and height in px of the pictures before.jpg and after.jpg."""

CONTRACT: dict[str, object] = {
    "input": "frames",
    "output": "stylized",
    "layout": "NHWC",
    "channels": "RGB",
    "dtype": "uint8",
    "range": [0, 255],
    "mean": None,
    "std": None,
    "size_multiple": 1,
    "fixed_size": None,
    "output_range": [0, 255],
}
"""How every model that this package exports is fed: as the frames are."""


def publish(run: Path, styles: Path, thumbnail: Path, test_photos: list[Path]) -> Path:
    """Turn a finished run into `styles/<name>/`: model, card and a pair of thumbnails; returns that folder.

    thumbnail: photo for before.jpg and after.jpg. test_photos: photos on which steadiness is measured.
    Raises FileNotFoundError when the run has no checkpoint or no record.
    """
    record: dict[str, Any] = json.loads((run / RECORD).read_text())
    state: dict[str, Any] = torch.load(run / "checkpoint.pt", weights_only=True)
    net = StyleNet(NetShape(**state["shape"]))
    net.load_state_dict(state["net"])
    recipe: dict[str, Any] = record["recipe"]
    folder = styles / cast(str, recipe["name"])
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "model.onnx"
    export(net, model, {key: recipe[key] for key in ("name", "title", "license", "legal_status")})
    _thumbnails(Painter(model), thumbnail, folder)
    card = _card(record, state, model, measure(model, test_photos))
    fresh = folder / "card.json.new"
    fresh.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    shutil.move(fresh, folder / "card.json")
    return folder


def _card(record: dict[str, Any], state: dict[str, Any], model: Path, measured: Measured) -> dict[str, Any]:
    recipe, settings = record["recipe"], record["settings"]
    averages: dict[str, float] = state["averages"]
    return {
        "name": recipe["name"],
        "title": recipe["title"],
        "description": recipe["description"],
        "version": CARD_VERSION,
        "model": {"file": model.name, "sha256": sha256(model)},
        "contract": CONTRACT,
        "license": recipe["license"],
        "provenance": {
            "painting": recipe["painting"],
            "painting_sha256": record["painting_sha256"],
            "legal_status": recipe["legal_status"],
            "content": record["content"],
            "extractor": record["extractor"],
            "command": record["command"],
            "seed": settings["seed"],
            "steps": state["step"],
            "settings": settings,
            "started_from": record["started_from"],
            "losses": {name: round(value, 5) for name, value in averages.items()},
            "trained_on": record["trained_on"],
        },
        "measured": measured.as_dict(),
    }


def _thumbnails(painter: Painter, photo: Path, folder: Path) -> None:
    """Paint the photo at twice the thumbnail's size, about that of a film, and scale both down."""
    with Image.open(photo) as opened:
        before = opened.convert("RGB")
    before.thumbnail((2 * THUMBNAIL[0], 2 * THUMBNAIL[1]), Image.Resampling.LANCZOS)
    after = Image.fromarray(painter.paint(np.asarray(before)[None])[0])
    for name, image in (("before", before), ("after", after)):
        image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
        image.save(folder / f"{name}.jpg", quality=85, optimize=True)
