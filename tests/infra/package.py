"""The files that a deployment sends: what .funcignore lets through, read as azd and Core Tools read it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pathspec import PathSpec

from tests.conftest import ROOT


def package_files(root: Path = ROOT) -> list[Path]:
    """Return the files of the package, relative to `root`, sorted. Folders left out are not entered."""
    spec = PathSpec.from_lines("gitwildmatch", (root / ".funcignore").read_text().splitlines())
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        folders[:] = [name for name in folders if not spec.match_file(f"{inside / name}/")]
        found += [inside / name for name in files if not spec.match_file(str(inside / name))]
    return sorted(found)


def unpack(target: Path) -> Path:
    """Copy the package's files into `target`, as they would lie in Azure, and return it."""
    for file in package_files():
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, target / file)
    return target
