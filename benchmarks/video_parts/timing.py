"""CPU time of candidates in turn: the fastest and the lower quartile of several rounds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Self

from contenders.stopwatch import cpu_seconds


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds per frame of one candidate over all rounds."""

    fastest: float
    quartile: float


def in_turn(candidates: Mapping[str, Callable[[], int]], rounds: int) -> dict[str, Cost]:
    """Run all candidates `rounds` times in turn, threads and children counted; each returns its frames."""
    spent: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, candidate in candidates.items():
            began = cpu_seconds()
            frames = candidate()
            spent[name].append(1e3 * (cpu_seconds() - began) / frames)
    return {name: cost(times) for name, times in spent.items()}


def cost(times: list[float]) -> Cost:
    """Return the cost of these measured milliseconds, at least one."""
    return Cost(min(times), quantiles(times, n=4, method="inclusive")[0] if len(times) > 1 else times[0])


@dataclass
class Wanted:
    """How many cores this process would have used, had nothing else run; a context manager.

    Linux counts for every thread how long it ran and how long it was ready but waited for a core
    (/proc/PID/task/TID/schedstat, nanoseconds). Their sum over wall time is what an idle machine would give.
    """

    running: float = 0.0  # cores
    waiting: float = 0.0  # cores
    own: float = 0.0  # CPU seconds that looking took, none of which is in the others
    _first: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    _last: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._look()
        self._first = dict(self._last)
        self._began = time.perf_counter()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()
        wall = 1e9 * (time.perf_counter() - self._began)
        self._last.pop(str(self._thread.native_id), None)
        spent = [
            (run - self._first.get(task, (0, 0))[0], wait - self._first.get(task, (0, 0))[1])
            for task, (run, wait) in self._last.items()
        ]
        self.running, self.waiting = (
            sum(run for run, _ in spent) / wall,
            sum(wait for _, wait in spent) / wall,
        )

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self._look()
        self.own = time.thread_time()

    def _look(self) -> None:
        for task in os.listdir("/proc/self/task"):
            try:
                run, wait, _ = Path(f"/proc/self/task/{task}/schedstat").read_text().split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # a thread that ended counts as it was last seen
            self._last[task] = (int(run), int(wait))
