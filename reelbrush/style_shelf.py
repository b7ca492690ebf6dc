"""Styles in the store, where nodes of a cluster find them: `styles/<name>/` with card, models and pictures.

The app puts its own styles there as they are needed; whoever may write the container can add others. A card
is written after what it speaks of, so a style that has a card is whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reelbrush.errors import StoreError, StyleError
from reelbrush.job.names import STYLE_NAME, STYLES
from reelbrush.store import Store, read_if_there

CARD = "card.json"
_TRIES = 4


def shelve_style(store: Store, folder: Path, name: str) -> None:
    """Put the style `folder`/<name>/ into the store unless the very same is there; one small read if it is.

    Nothing happens for a name without such a folder: `identity`, or a style that exists in the store alone.
    All plain files of the folder go there, the card last, and again should another release of the app have
    put its own in between, since a card must not speak of another's model. Raises what the store raises.
    """
    home = folder / name
    try:
        card = (home / CARD).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return
    if read_if_there(store, STYLES, f"{name}/{CARD}") == card:
        return
    others = [path for path in sorted(home.iterdir()) if path.is_file() and path.name != CARD]
    files = [path for path in others if not path.name.startswith(".")]
    for _ in range(_TRIES):
        for path in files:
            store.put_file(STYLES, f"{name}/{path.name}", path)
        store.put_bytes(STYLES, f"{name}/{CARD}", card)
        if all(_holds(store, name, path) for path in (home / CARD, *files)):
            return
    raise StoreError(f"the style {name} is being replaced in the store by another release of the app")


def _holds(store: Store, name: str, path: Path) -> bool:
    return read_if_there(store, STYLES, f"{name}/{path.name}") == path.read_bytes()


def shelved_styles(store: Store) -> list[str]:
    """Return the names of all styles in the store, sorted; names that are none are left out."""
    cards = (blob.name.split("/") for blob in store.list(STYLES))
    return sorted(
        parts[0] for parts in cards if len(parts) == 2 and parts[1] == CARD and STYLE_NAME.fullmatch(parts[0])
    )


def shelved_card(store: Store, name: str) -> dict[str, Any] | None:
    """Return the card of a style in the store, None when there is no such style.

    Raises StyleError when the card is no JSON object.
    """
    data = read_if_there(store, STYLES, f"{name}/{CARD}") if STYLE_NAME.fullmatch(name) else None
    if data is None:
        return None
    try:
        card = json.loads(data)
        if not isinstance(card, dict):
            raise ValueError("an object is expected")
    except (ValueError, RecursionError) as error:
        raise StyleError(
            f"style {name}: {STYLES}/{name}/{CARD} is not valid: {error}", advice="Correct the card"
        ) from None
    return card
