"""A Dockerfile that needs no files beside it, for services that take its text alone."""

from __future__ import annotations

import re
import shlex
from pathlib import Path, PurePosixPath

_COPY = re.compile(r"COPY +(?!--)(?P<source>\S+) +(?P<target>/\S+)\s*")


def self_contained(folder: Path) -> str:
    """Return the text of `folder`/Dockerfile, in which files that it copies are written out instead.

    Empty lines and comments of these files are left out. Raises FileNotFoundError for one that is missing.
    """
    lines: list[str] = []
    for line in (folder / "Dockerfile").read_text().splitlines():
        copy = _COPY.fullmatch(line)
        lines.append(_written(folder / copy["source"], copy["target"]) if copy else line)
    return "\n".join(lines) + "\n"


def _written(source: Path, target: str) -> str:
    content = [line for line in source.read_text().splitlines() if line.strip() and not line.startswith("#")]
    words = " \\\n    ".join(shlex.quote(line) for line in content)
    place = shlex.quote(str(PurePosixPath(target).parent))
    return f"RUN mkdir -p {place} && printf '%s\\n' \\\n    {words} \\\n    > {shlex.quote(target)}"
