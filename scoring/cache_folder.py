"""Where scoring processes keep what later ones can use again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Return reelbrush/`name` in the user's cache folder: XDG_CACHE_HOME, else .cache in HOME.

    Containers run by a user without a home keep it in /tmp.
    """
    cache = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME") or "/tmp") / ".cache"  # noqa: S108
    return Path(cache) / "reelbrush" / name
