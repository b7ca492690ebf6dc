"""In which order runs of this machine start: jobs by their first submission, batches from the first."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Container
from pathlib import Path


def in_order(folder: Path, without: Container[str] = ()) -> list[tuple[str, str, int]]:
    """Return (run, its job, its frames) of the runs recorded in `folder`, but for those in `without`.

    Frames are 0 where the record does not tell them. A folder that is gone holds none.
    """
    stamped: list[tuple[str, int, str, int]] = []
    names: list[str] = []
    with contextlib.suppress(FileNotFoundError):  # `reelbrush run` removes its store when it is done
        names = os.listdir(folder)
    for name in names:
        if name not in without:
            with contextlib.suppress(OSError, ValueError, KeyError):
                request = json.loads((folder / name / "request.json").read_text())
                frames = int(request.get("frames", 0))
                stamped.append((str(request["job"]), int(request["at"]), name, frames))
    began: dict[str, int] = {}
    for job, at, _, _ in stamped:
        began[job] = min(at, began.get(job, at))
    ordered = sorted(stamped, key=lambda stamp: (began[stamp[0]], _batch(stamp[2]), stamp[1]))
    return [(run, job, frames) for job, _, run, frames in ordered]


def _batch(run: str) -> int:
    """The number in a run id like `<job>-b<batch>-a<attempt>`; 0 for any other name."""
    match = re.search(r"-b([0-9]+)-a[0-9]+$", run)
    return int(match[1]) if match else 0
