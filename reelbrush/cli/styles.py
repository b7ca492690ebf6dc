"""`reelbrush styles`: the styles' cards, read without loading a model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reelbrush import catalogue
from reelbrush.catalogue import StyleLine
from reelbrush.cli.app_folder import styles_folder


def list_cards(folder: Path | None = None) -> list[StyleLine]:
    """Return the styles of a folder (the shipped ones by default) and `identity`, in order of name.

    Raises StyleError when a card is not valid JSON.
    """
    return catalogue.list_cards(folder or styles_folder())


def print_styles(as_json: bool) -> None:
    """Print the list as a table, or as JSON."""
    lines = list_cards()
    if as_json:
        click.echo(json.dumps([vars(line) for line in lines], ensure_ascii=False, indent=1))
        return
    width = max(len(line.name) for line in lines)
    for line in lines:
        click.echo(f"{line.name:<{width}}  {line.title}: {line.description}")
