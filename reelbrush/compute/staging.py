"""The code of runs in a folder that holds nothing else."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from reelbrush.compute.own_folder import own_folder


def staged(code: Path, excluded: Callable[[str], bool]) -> Path:
    """Return a folder with copies of the files below `code` that are not `excluded`, nor any folder above.

    An SDK walks the whole folder that it submits, for every submission; in an app's folder with all its
    packages that takes seconds. The folder is named by its content and kept, so that processes share it.
    """
    files: list[Path] = []
    for folder, names, entries in os.walk(code):
        names[:] = sorted(name for name in names if not excluded(os.path.join(folder, name)))
        files += [Path(folder, name) for name in sorted(entries) if not excluded(os.path.join(folder, name))]
    content = hashlib.sha256()
    for path in files:
        data = path.read_bytes()
        content.update(f"{path.relative_to(code)}\0{len(data)}\0".encode() + data)
    target = own_folder() / f"snapshot-{content.hexdigest()[:16]}"
    if not _complete(target, code, files):
        making = Path(tempfile.mkdtemp(dir=target.parent, prefix="making-"))
        for path in files:
            copy = making / path.relative_to(code)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        shutil.rmtree(target, ignore_errors=True)
        try:
            making.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(making, ignore_errors=True)
    return target


def _complete(target: Path, code: Path, files: list[Path]) -> bool:
    """Whether all files are there; temporary folders are swept of old files by some systems."""
    return all((target / path.relative_to(code)).is_file() for path in files)
