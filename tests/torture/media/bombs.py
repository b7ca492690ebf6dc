"""Files that claim much: believed, each would take hours or all memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

MILLION = 1_000_000
MOST = 2**32 - 1

Make = Callable[[bytes], bytes]
"""Takes a real MP4 of a second, its moov last, and returns the hostile file."""

BOMBS: dict[str, Make] = {}
"""By name, whose first word is the file's extension; the modules beside this one add to it."""


def bomb(name: str) -> Callable[[Make], Make]:
    """Add the decorated maker to BOMBS."""

    def register(make: Make) -> Make:
        assert name not in BOMBS
        BOMBS[name] = make
        return make

    return register


def plain(name: str, make: Callable[[], bytes]) -> None:
    """Add a file that is made from nothing."""
    bomb(name)(lambda _: make())


def write(name: str, folder: Path, clip: bytes) -> Path:
    """Make one of BOMBS and return its file; `clip` is the bytes of a real film with its moov last."""
    path = folder / (name.replace(" ", "_").replace("^", "") + "." + name.split()[0])
    path.write_bytes(BOMBS[name](clip))
    return path
