"""`reelbrush styles`: the styles' cards, read without loading a model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reelbrush.cli.app_folder import styles_folder
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
    """Return the styles of a folder (the shipped ones by default) and `identity`, in order of name."""
    found = [IDENTITY]
    for path in sorted((folder or styles_folder()).glob("*/card.json")):
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        name = path.parent.name
        title, description = str(card.get("title", name)), str(card.get("description", ""))
        found.append(StyleLine(name, title, description, ("float32", *sorted(card.get("variants", {})))))
    return sorted(found, key=lambda line: line.name)


def print_styles(as_json: bool) -> None:
    """Print the list as a table, or as JSON."""
    lines = list_cards()
    if as_json:
        click.echo(json.dumps([vars(line) for line in lines], ensure_ascii=False, indent=1))
        return
    width = max(len(line.name) for line in lines)
    for line in lines:
        click.echo(f"{line.name:<{width}}  {line.title}: {line.description}")
