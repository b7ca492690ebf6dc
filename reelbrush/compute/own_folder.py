"""A folder below the system's temporary one that belongs to this user alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reelbrush.errors import SettingsError


def own_folder() -> Path:
    """Return the folder, made when missing. Raises SettingsError when somebody else took its name."""
    own = Path(tempfile.gettempdir()) / f"reelbrush-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    if own.stat().st_uid != os.getuid():
        raise SettingsError(f"{own} belongs to somebody else", advice="set TMPDIR to a folder of your own")
    return own


def need_home() -> None:
    """Set HOME to a folder of this user's own if it is missing or cannot be written, as on some servers."""
    home = os.environ.get("HOME", "")
    if home and os.access(home, os.W_OK):
        return
    folder = own_folder() / "home"
    folder.mkdir(exist_ok=True)
    os.environ["HOME"] = str(folder)
