"""CPU seconds by stage, children included."""

from __future__ import annotations

import json
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def cpu_seconds() -> float:
    """Return the CPU time of this process, all its threads, and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Stopwatch:
    """Adds up CPU seconds by name of a stage. Stages must not overlap, in threads neither."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, stage: str) -> Generator[None]:
        """Count what the block takes for `stage`."""
        began = cpu_seconds()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + cpu_seconds() - began

    def write(self, path: Path) -> None:
        """Write the seconds as JSON."""
        path.write_text(json.dumps(self.seconds))
