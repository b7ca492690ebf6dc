"""Styles: a folder per style with an ONNX model and its card; `identity` needs no folder."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import onnx

from reelbrush.errors import StyleError
from reelbrush.job.codec import read_document
from reelbrush.job.names import STYLE_NAME
from scoring.check.reading import parse_model
from scoring.check.verdict import Refused
from scoring.contract import Contract, check_contract
from scoring.identity import identity_model

SHIPPED = Path(__file__).resolve().parent.parent / "styles"
IDENTITY = "identity"
FLOAT = "float32"

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
    # by precision, with the same contract
    variants: dict[str, ModelFile] = field(default_factory=dict[str, ModelFile])
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
        """The name by which users choose the style."""
        return self.card.name

    def in_precision(self, precision: str) -> Style:
        """Return the style with its model in `precision`: "float32", or the name of a variant in its card.

        `identity`, which computes nothing, is the same in every precision. Raises StyleError when the style
        has no such variant.
        """
        if precision == FLOAT or self.path is None:
            return self
        variant = self.card.variants.get(precision)
        if variant is None:
            raise StyleError(
                f"style {self.name} has no {precision} variant",
                advice=f"Use precision {FLOAT}, or make one: python -m training quantise",
            )
        return Style(replace(self.card, model=variant), self.path.with_name(variant.file))

    def load_model(self) -> onnx.ModelProto:
        """Return the model, its bytes proven equal to the card's sha256.

        Raises StyleError when the file is missing, is another one, is not ONNX, or keeps weights in other
        files, which no sha256 of the card vouches for.
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
            return parse_model(data)
        except Refused as refusal:
            raise StyleError(
                f"style {self.name}: {self.path.name}: {refusal.reason}", advice=refusal.fix
            ) from None


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


def check_name(name: str) -> None:
    """Raise StyleError unless `name` is 1 to 64 lower-case letters, digits and dashes, the first no dash."""
    if not STYLE_NAME.fullmatch(name):
        raise StyleError(
            f"{name[:80]!r} is not a style name",
            advice="Names have 1 to 64 lower-case letters, digits and dashes, the first is no dash",
        )


def load_style(name: str, folder: Path = SHIPPED) -> Style:
    """Return the style `name` from `folder`/<name>/card.json, or the built-in `identity`.

    Names are 1..64 lower-case letters, digits and dashes. Raises StyleError when the name is not such, the
    style is unknown, or its card is not valid.
    """
    check_name(name)
    if name == IDENTITY:
        return _identity()
    home = folder / name
    try:
        text = (home / "card.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        known = ", ".join([*_names(folder), IDENTITY])
        raise StyleError(f"there is no style {name!r}", advice=f"Known styles: {known}") from None
    except OSError as error:
        raise StyleError(f"style {name}: card.json cannot be read: {error.strerror}") from None
    try:
        card = read_document(Card, text)
    except ValueError as error:
        raise StyleError(
            f"style {name}: card.json is not valid: {error}", advice="Correct the card"
        ) from None
    if card.name != name:
        raise StyleError(
            f"style {name}: its card is named {card.name!r}", advice="Rename the folder or the card"
        )
    for model in (card.model, *card.variants.values()):
        if not _FILE.fullmatch(model.file):
            raise StyleError(f"style {name}: model.file {model.file[:80]!r} is not a plain file name")
    check_contract(card.contract, name)
    return Style(card, home / card.model.file)


def _names(folder: Path) -> list[str]:
    """The names of all folders with a card, valid or not, sorted."""
    names = {card.parent.name for card in folder.glob("*/card.json")} if folder.is_dir() else set[str]()
    return sorted(name for name in names - {IDENTITY} if STYLE_NAME.fullmatch(name))
