"""An accepted model as a style folder: the model, its card with all that was found, a pair of thumbnails."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort

from reelbrush import __version__
from reelbrush.errors import StyleError
from reelbrush.job import to_json
from reelbrush.sample import sample_picture
from scoring.check.verdict import Verdict
from scoring.probe import open_session
from scoring.session import Frames
from scoring.styles import IDENTITY, Card, ModelFile, Style, check_name

MODEL, CARD = "model.onnx", "card.json"
THUMBNAIL = (320, 240)
"""Largest width and height in px of before.jpg and after.jpg."""

UNKNOWN_LICENSE = "unknown: ask before publishing"
_JPEG_QUALITY = 85


@dataclass(frozen=True)
class Text:
    """What only a person can say of a style, and where the model comes from. Empty fields get defaults."""

    title: str = ""
    description: str = ""
    license: str = ""
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])


def check_folder(folder: Path) -> None:
    """Raise StyleError when no new style can be written to `folder`: its name, or what is there already."""
    name = folder.resolve().name
    check_name(name)
    if name == IDENTITY:
        raise StyleError(f"{IDENTITY} is the built-in style", advice="Choose another name")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StyleError(
            f"{folder} exists and is not empty", advice="Choose another name, or remove the folder first"
        )


def write_style(
    folder: Path, data: bytes, verdict: Verdict, text: Text, picture: Frames | None = None
) -> Style:
    """Write the accepted model of the file `data` to `folder`, named as the style, and return the style.

    The file's own bytes are kept unless the check had to change the model. `picture` (1, H, W, 3) is for the
    thumbnails; the product's sample by default. The folder appears when all is in it, or not at all. Raises
    StyleError as `check_folder` does, or when the model does not paint the picture, OSError when the disk
    refuses.
    """
    assert verdict.accepted and verdict.model is not None and verdict.contract is not None
    check_folder(folder)
    home = folder.resolve()
    name = home.name
    model = verdict.model.SerializeToString(deterministic=True) if verdict.changes else data
    card = Card(
        name=name,
        model=ModelFile(MODEL, hashlib.sha256(model).hexdigest()),
        contract=verdict.contract,
        title=text.title or name.replace("-", " ").capitalize(),
        description=text.description,
        license=text.license or verdict.license or UNKNOWN_LICENSE,
        provenance={**text.provenance, "source_sha256": hashlib.sha256(data).hexdigest()},
    )
    document = to_json(card) | {"check": _check(verdict)}
    fresh = home.with_name(f".{name}.new")  # no style's name, so that nobody takes it for one
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        (fresh / MODEL).write_bytes(model)
        write_thumbnails(Style(card, fresh / MODEL), sample_picture()[None] if picture is None else picture)
        text_of_card = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        (fresh / CARD).write_text(text_of_card, encoding="utf-8")
        fresh.replace(home)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Style(card, folder / MODEL)


def _check(verdict: Verdict) -> dict[str, Any]:
    document = verdict.document()
    runtime = {"reelbrush": __version__, "onnxruntime": ort.__version__}
    return {"versions": runtime} | {key: document[key] for key in ("facts", "warnings", "changes")}


def write_thumbnails(style: Style, picture: Frames) -> None:
    """Paint `picture` (1, H, W, 3) at twice the thumbnails' size and write before.jpg and after.jpg."""
    assert style.path is not None
    before = _fitted(picture[0], (2 * THUMBNAIL[0], 2 * THUMBNAIL[1]))
    after = open_session(style, "cpu").paint(before[None])[0]
    for name, image in (("before", before), ("after", after)):
        small = cv2.cvtColor(_fitted(image, THUMBNAIL), cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        (style.path.parent / f"{name}.jpg").write_bytes(jpeg.tobytes())


def read_picture(path: Path) -> Frames:
    """Return the picture file `path` as (1, H, W, 3) uint8 RGB. Raises StyleError when it is none."""
    encoded = np.frombuffer(path.read_bytes(), np.uint8)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    if decoded is None:
        raise StyleError(f"{path} is not a picture", advice="Give a JPEG or PNG file")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)[None]


def _fitted(image: np.ndarray, box: tuple[int, int]) -> Frames:
    """(H, W, 3) made no larger than `box` = (width, height), its shape kept."""
    height, width = image.shape[:2]
    scale = min(box[0] / width, box[1] / height, 1.0)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
