"""What a process holds: memory, open files, threads, tasks, children, files on disk."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

KIB = 1024


@dataclass(frozen=True)
class Footprint:
    """A measurement of this process and of the folder of its host and store."""

    memory: int  # bytes, resident
    open_files: int
    threads: int
    tasks: int  # of the event loop
    children: int
    database: int  # bytes
    temporary: int  # files and folders on their way

    @staticmethod
    def now(folder: Path) -> Footprint:
        """Measure; to be called from the event loop."""
        gc.collect()
        me = psutil.Process()
        with me.oneshot():
            memory, files = me.memory_info().rss, me.num_fds()
        store = folder / "store"
        temporary = [path for name in (".tmp", ".runs") for path in (store / name).glob("*")]
        return Footprint(
            memory,
            files,
            threading.active_count(),
            len(asyncio.all_tasks()),
            len(me.children(recursive=True)),
            sum(path.stat().st_size for path in (folder / "host").glob("host.db")),
            len(temporary),
        )


def slope(values: Sequence[tuple[float, float]]) -> float:
    """Return how much the second value grows for each unit of the first, by least squares."""
    count = len(values)
    middle_x, middle_y = (sum(value[axis] for value in values) / count for axis in (0, 1))
    spread = sum((x - middle_x) ** 2 for x, _ in values)
    return sum((x - middle_x) * (y - middle_y) for x, y in values) / spread if spread else 0.0
