"""Where the function app and the shipped styles lie."""

from __future__ import annotations

import os
from pathlib import Path

import reelbrush
from reelbrush.errors import HostError


def app_folder() -> Path:
    """Return the folder with host.json: `REELBRUSH_APP`, or the checkout this package lies in.

    Raises HostError when there is none.
    """
    named = os.environ.get("REELBRUSH_APP")
    folder = Path(named) if named else Path(reelbrush.__file__).resolve().parent.parent
    if not (folder / "host.json").is_file():
        raise HostError(
            f"there is no function app in {folder}",
            advice="install from a checkout (pip install -e .) or set REELBRUSH_APP to its folder",
        )
    return folder


def styles_folder() -> Path:
    """Return the folder of styles: `REELBRUSH_STYLES`, or the shipped ones."""
    named = os.environ.get("REELBRUSH_STYLES")
    return Path(named) if named else app_folder() / "styles"
