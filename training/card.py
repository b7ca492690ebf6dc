"""The style's card: what the product must know to run the model, and what a person must know to use it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image

from training.card_file import CARD, MODEL, read_card, write_card
from training.digest import sha256
from training.export import export
from training.image_file import read_picture
from training.measure import Measured, Painter, measure
from training.net import NetShape, StyleNet
from training.provenance import made_with, read_record

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


def publish(run: Path, out: Path, pictures: Sequence[Path]) -> Path:
    """Turn a training into a style: model, card and a pair of thumbnails in `out`, which is returned.

    run: folder of the training. pictures: at least one; steadiness is measured on all of them, the first is
    painted for the thumbnails. What `measured` of an earlier card says about the same model stays.
    Raises FileNotFoundError when the training has no checkpoint or no record.
    """
    record = read_record(run)
    if record is None or not (run / "checkpoint.pt").is_file():
        raise FileNotFoundError(f"{run} holds no training with a checkpoint")
    state: dict[str, Any] = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    net = StyleNet(NetShape(**state["shape"]))
    net.load_state_dict(state["net"])
    recipe: dict[str, Any] = record["recipe"] | {"name": out.name}
    out.mkdir(parents=True, exist_ok=True)
    fresh = out / f"{MODEL}.new"
    export(net, fresh, {key: recipe[key] for key in ("name", "title", "license", "legal_status")})
    measured = measure(fresh, list(pictures))
    _thumbnails(Painter(fresh), pictures[0], out)
    card = _card(record | {"recipe": recipe}, state, sha256(fresh), measured)
    before = read_card(out) if (out / CARD).is_file() else {}
    if before.get("model") == card["model"]:
        card["measured"] = before.get("measured", {}) | card["measured"]
        card |= {"variants": before["variants"]} if "variants" in before else {}
    else:
        for stale in out.glob("model-*.onnx"):  # variants of the model before
            stale.unlink()
    fresh.replace(out / MODEL)
    write_card(out, card)
    return out


def update_measured(folder: Path, numbers: Mapping[str, object]) -> None:
    """Write what was measured elsewhere, flicker or gates, into a style's card, over what it said before.

    Raises FileNotFoundError when the folder has no card.
    """
    card = read_card(folder)
    card["measured"] = card.get("measured", {}) | dict(numbers)
    write_card(folder, card)


def _card(record: dict[str, Any], state: dict[str, Any], model: str, measured: Measured) -> dict[str, Any]:
    recipe, settings = record["recipe"], record["settings"]
    averages = cast(dict[str, float], state["averages"])
    return {
        "name": recipe["name"],
        "title": recipe["title"],
        "description": recipe["description"],
        "version": CARD_VERSION,
        "size": recipe["size"],
        "model": {"file": MODEL, "sha256": model},
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
            "steps": state["step"] - (settings["warmup_steps"] if record["started_from"] else 0),
            "settings": settings,
            "started_from": record["started_from"],
            **({"taught_by": record["taught_by"]} if "taught_by" in record else {}),
            "losses": {name: round(value, 5) for name, value in averages.items()},
            "trained_on": record["trained_on"],
            "made_with": record.get("made_with") or made_with(),
        },
        "measured": measured.as_dict(),
    }


def _thumbnails(painter: Painter, photo: Path, folder: Path) -> None:
    """Paint the photo at twice the thumbnail's size, about that of a film, and scale both down."""
    before = read_picture(photo)
    before.thumbnail((2 * THUMBNAIL[0], 2 * THUMBNAIL[1]), Image.Resampling.LANCZOS)
    after = Image.fromarray(painter.paint(np.asarray(before)[None])[0])
    for name, image in (("before", before), ("after", after)):
        image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
        image.save(folder / f"{name}.jpg", quality=85, optimize=True)
