"""Putting a finished video where the user wants it, without ever overwriting anything else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def target_of(wanted: Path, made: Path, source: Path) -> Path:
    """Return where the finished file `made` goes: `wanted`, with another extension if its container differs.

    A name that the user did not give is never taken from an existing file, least of all from the source.
    """
    if made.suffix.lower() == wanted.suffix.lower():
        return wanted
    candidates = [wanted.with_suffix(made.suffix)]
    candidates += [wanted.with_name(f"{wanted.stem}.painted{made.suffix}")]
    candidates += [wanted.with_name(f"{wanted.stem}.painted-{n}{made.suffix}") for n in range(2, 1000)]
    return next(path for path in candidates if not path.exists() and path != source)


def deliver(made: Path, target: Path) -> None:
    """Place a copy of `made` at `target` at once or not at all; `made` stays. Raises OSError."""
    temporary = target.with_name(f".reelbrush-{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    try:
        try:
            os.link(made, temporary)
        except OSError:
            shutil.copyfile(made, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
