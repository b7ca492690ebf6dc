"""How busy the machine and the job's processes are, and when the output is there: seen by looking often."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """Sums since the machine's start, or the process's: seconds of cores. `at` is in ns since the epoch."""

    at: int
    idle: float  # of all cores that may be used
    own: float  # of the watched process and all below it, ended ones too


class Sampler:
    """Looks from a thread of its own, while entered as a context."""

    def __init__(self, process: int, published: Callable[[], bool]) -> None:
        """Watch the process of that id; `published` tells whether the output is in its place."""
        self.samples: list[Sample] = []
        self.published_at: int | None = None  # ns since the epoch
        self._process, self._published = process, published
        self._cores = [f"cpu{core}" for core in os.sched_getaffinity(0)]
        self._latest: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="sampler", daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.is_set():
            if self.published_at is None and self._published():
                self.published_at = time.time_ns()
            self.samples.append(Sample(time.time_ns(), self._idle(), self._own()))
            self._ended.wait(LOOK_SECONDS)

    def _idle(self) -> float:
        lines = (line.split() for line in Path("/proc/stat").read_text().splitlines())
        # idle and waiting for the disk (proc_stat(5))
        return sum(int(words[4]) + int(words[5]) for words in lines if words[0] in self._cores) / _TICKS

    def _own(self) -> float:
        # an ended process keeps the last that was seen of it, a look's worth less than it took
        for process in _family(self._process):
            self._latest[process] = max(_spent(process), self._latest.get(process, 0.0))
        return sum(self._latest.values())


def _family(process: int) -> list[int]:
    found = [process]
    try:
        tasks = os.listdir(f"/proc/{process}/task")
        for task in tasks:
            children = Path(f"/proc/{process}/task/{task}/children").read_text().split()
            for child in children:
                found += _family(int(child))
    except OSError:
        pass
    return found


def _spent(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0.0
    words = text.rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS
