"""Styles: a folder per style with an ONNX model and its card; `identity` needs no folder."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from reelbrush.errors import StyleError
from reelbrush.job import from_json
from scoring.contract import Contract, check_contract
from scoring.identity import identity_model

SHIPPED = Path(__file__).resolve().parent.parent / "styles"
IDENTITY = "identity"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class ModelFile:
    """The model beside a card: its file name (no folders) and the hex sha256 of its bytes."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Card:
    """A style's card.json. Fields that scoring does not need may be missing."""

    name: str
    model: ModelFile
    contract: Contract = field(default_factory=Contract)
    title: str = ""
    description: str = ""
    version: int = 1
    license: str = ""
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Style:
    """A style whose card was read and found valid; its model is read by `load_model`."""

    card: Card
    path: Path | None  # of the ONNX file; None for the built-in identity

    @property
    def name(self) -> str:
        return self.card.name

    def load_model(self) -> onnx.ModelProto:
        """Return the model, its bytes proven equal to the card's sha256.

        Raises StyleError when the file is missing, is another one, or is not ONNX.
        """
        if self.path is None:
            return identity_model()
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise StyleError(
                f"style {self.name}: {self.path.name} cannot be read: {error.strerror}"
            ) from None
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.card.model.sha256.lower():
            raise StyleError(
                f"style {self.name}: {self.path.name} has sha256 {digest}, "
                f"its card says {self.card.model.sha256}",
                advice="Restore the model, or put the new sha256 into card.json if the change is meant",
            )
        try:
            model = onnx.load_model_from_string(data)
            onnx.load_external_data_for_model(model, str(self.path.parent))
        except (DecodeError, ValueError, OSError) as error:
            raise StyleError(
                f"style {self.name}: {self.path.name} is not a readable ONNX file: {error}"
            ) from None
        return model


def _identity() -> Style:
    digest = hashlib.sha256(identity_model().SerializeToString(deterministic=True)).hexdigest()
    card = Card(
        name=IDENTITY,
        model=ModelFile("", digest),
        title="Identity",
        description="Changes nothing; for tests and checks.",
        license="MIT",
    )
    return Style(card, None)


def load_style(name: str, folder: Path = SHIPPED) -> Style:
    """Return the style `name` from `folder`/<name>/card.json, or the built-in `identity`.

    Names are 1..64 lower-case letters, digits and dashes. Raises StyleError when the name is not such, the
    style is unknown, or its card is not valid.
    """
    if not _NAME.fullmatch(name):
        raise StyleError(
            f"{name[:80]!r} is not a style name",
            advice="Names have 1 to 64 lower-case letters, digits and dashes, the first is no dash",
        )
    if name == IDENTITY:
        return _identity()
    home = folder / name
    try:
        document = json.loads((home / "card.json").read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(style.name for style in list_styles(folder))
        raise StyleError(f"there is no style {name!r}", advice=f"Known styles: {known}") from None
    except (OSError, ValueError) as error:
        raise StyleError(f"style {name}: card.json cannot be read: {error}") from None
    try:
        card = from_json(Card, document)
    except (ValueError, TypeError) as error:
        raise StyleError(
            f"style {name}: card.json is not valid: {error}", advice="Correct the card"
        ) from None
    if card.name != name:
        raise StyleError(
            f"style {name}: its card is named {card.name!r}", advice="Rename the folder or the card"
        )
    if not _FILE.fullmatch(card.model.file):
        raise StyleError(f"style {name}: model.file {card.model.file[:80]!r} is not a plain file name")
    check_contract(card.contract, name)
    return Style(card, home / card.model.file)


def list_styles(folder: Path = SHIPPED) -> tuple[Style, ...]:
    """Return all styles of `folder` sorted by name, then `identity`. Folders without a card are no styles.

    Raises StyleError for a card that is not valid.
    """
    homes = sorted(folder.glob("*/card.json")) if folder.is_dir() else []
    names = [home.parent.name for home in homes if _NAME.fullmatch(home.parent.name)]
    return (*(load_style(name, folder) for name in names if name != IDENTITY), _identity())
