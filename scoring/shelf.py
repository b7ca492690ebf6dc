"""Styles that a run fetches from the store, because its node has nothing but code."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path

from reelbrush.errors import StoreError, StyleError
from reelbrush.job.names import STYLES
from reelbrush.store import Store
from reelbrush.style_shelf import CARD, shelved_styles
from scoring.styles import IDENTITY, ModelFile, check_name, load_style

SHELF = "store:"  # stands for a folder of styles on the command line

_TRIES = 4
_PAUSE_SECONDS = 1.0  # between tries: a style that is just being replaced is whole soon

_LOG = logging.getLogger("scoring")


def fetch_style(store: Store, name: str, precision: str, folder: Path) -> None:
    """Put card and model of the style `name` in `precision` into `folder`/<name>/, sha256 checked.

    The built-in `identity` needs nothing. Raises StyleError when there is no such style, its card is not
    valid, or the model is not the one that its card names; what the store raises otherwise.
    """
    check_name(name)
    if name == IDENTITY:
        return
    for attempt in range(1, _TRIES + 1):
        began = time.monotonic()
        try:
            file, size = _fetch(store, name, precision, folder)
        except StyleError:
            if attempt == _TRIES:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            _LOG.info("style %s: %s, %d bytes, %.1f s", name, file, size, time.monotonic() - began)
            return


def _fetch(store: Store, name: str, precision: str, folder: Path) -> tuple[str, int]:
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    (home / CARD).write_bytes(_read(store, name, CARD))
    style = load_style(name, folder).in_precision(precision)
    model: ModelFile = style.card.model
    data = _read(store, name, model.file)
    digest = hashlib.sha256(data).hexdigest()
    if digest != model.sha256.lower():
        raise StyleError(
            f"style {name}: {STYLES}/{name}/{model.file} has sha256 {digest}, its card says {model.sha256}",
            advice="Put the model into the store first and its card last",
            retryable=True,  # a large one that is being replaced takes longer than the tries here
        )
    (home / model.file).write_bytes(data)
    return model.file, len(data)


def _read(store: Store, name: str, file: str) -> bytes:
    try:
        return store.read_bytes(STYLES, f"{name}/{file}")
    except StoreError as error:
        if error.code != "blob-missing":
            raise
    if file != CARD:
        raise StyleError(f"style {name}: the blob {STYLES}/{name}/{file} does not exist")
    known = ", ".join([*shelved_styles(store), IDENTITY])
    raise StyleError(f"there is no style {name!r} in the store", advice=f"Known styles: {known}")
