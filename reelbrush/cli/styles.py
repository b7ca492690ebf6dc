"""`reelbrush styles`: the styles' cards, read without loading a model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click

from reelbrush.cli.app_folder import styles_folder
from reelbrush.errors import StyleError
from reelbrush.job.options import PRECISIONS


@dataclass(frozen=True)
class StyleLine:
    """What the list shows of one style."""

    name: str
    title: str
    description: str
    precisions: tuple[str, ...] = ("float32",)


IDENTITY = StyleLine("identity", "Identity", "Changes nothing; for tests and checks.", PRECISIONS)


def list_cards(folder: Path | None = None) -> list[StyleLine]:
    """Return the styles of a folder (the shipped ones by default) and `identity`, in order of name.

    Raises StyleError when a card is not valid JSON.
    """
    found = [IDENTITY]
    for path in sorted((folder or styles_folder()).glob("*/card.json")):
        card, name = _read(path), path.parent.name
        title, description = str(card.get("title", name)), str(card.get("description", ""))
        variants = card.get("variants")
        precisions = sorted(cast("dict[str, Any]", variants)) if isinstance(variants, dict) else []
        found.append(StyleLine(name, title, description, ("float32", *precisions)))
    return sorted(found, key=lambda line: line.name)


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


def print_styles(as_json: bool) -> None:
    """Print the list as a table, or as JSON."""
    lines = list_cards()
    if as_json:
        click.echo(json.dumps([vars(line) for line in lines], ensure_ascii=False, indent=1))
        return
    width = max(len(line.name) for line in lines)
    for line in lines:
        click.echo(f"{line.name:<{width}}  {line.title}: {line.description}")
