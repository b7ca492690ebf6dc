"""The styles there are, as their cards tell; no model is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from reelbrush.errors import StyleError
from reelbrush.job.options import PRECISIONS


@dataclass(frozen=True)
class StyleLine:
    """What a list shows of one style."""

    name: str
    title: str
    description: str
    precisions: tuple[str, ...] = ("float32",)


IDENTITY = StyleLine("identity", "Identity", "Changes nothing; for tests and checks.", PRECISIONS)


def list_cards(folder: Path) -> list[StyleLine]:
    """Return the styles of a folder and `identity`, in order of name.

    Raises StyleError when a card is not valid JSON.
    """
    found = [IDENTITY]
    for path in sorted(folder.glob("*/card.json")):
        found.append(line_of_card(path.parent.name, _read(path)))
    return sorted(found, key=lambda line: line.name)


def line_of_card(name: str, card: dict[str, Any]) -> StyleLine:
    """Return what a list shows of the style `name` whose card is this JSON object."""
    title, description = str(card.get("title", name)), str(card.get("description", ""))
    variants = card.get("variants")
    precisions = sorted(cast("dict[str, Any]", variants)) if isinstance(variants, dict) else []
    return StyleLine(name, title, description, ("float32", *precisions))


def _read(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_bytes())
        if not isinstance(card, dict):
            raise ValueError("an object is expected")
    except (ValueError, RecursionError) as error:
        raise StyleError(
            f"style {path.parent.name}: {path} is not valid: {error}",
            advice="Correct the card, or move its folder away",
        ) from None
    return cast("dict[str, Any]", card)
