"""A style's files: where its model and its card are, and how the card is read and written."""

import json
from pathlib import Path
from typing import Any

from training.whole_file import write_whole

MODEL, CARD = "model.onnx", "card.json"


def read_card(folder: Path) -> dict[str, Any]:
    """The card of the style in a folder. Raises FileNotFoundError when there is none, ValueError when it is
    damaged.
    """
    path = folder / CARD
    if not path.is_file():
        raise FileNotFoundError(f"there is no {CARD} in {folder}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write the card of the style in a folder, whole or not at all."""
    write_whole(folder / CARD, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
