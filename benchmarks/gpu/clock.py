"""Timing calls that take turns, on a device that works while its caller goes on."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

Wait = Callable[[], None]
"""Returns when the device has done everything that it was given."""


def waiting(device: str) -> Wait:
    """Return how to wait for `device`, "cpu" or "cuda"."""
    if device == "cpu":
        return lambda: None
    import torch

    return torch.cuda.synchronize


def one_thread() -> None:
    """Let torch compute in one thread, as sessions do on a CPU."""
    import torch

    torch.set_num_threads(1)


def seconds_each(
    works: Mapping[str, Callable[[], object]], wait: Wait, *, budget: float, rounds: int = 5
) -> dict[str, float]:
    """Return the median seconds of one call of each, all taking turns `rounds` times.

    `budget` seconds of wall time are for all of them together; each is called at least once per round. The
    first call of each does not count.
    """
    once: dict[str, float] = {}
    for name, work in works.items():
        work()
        wait()
        began = time.perf_counter()
        work()
        wait()
        once[name] = time.perf_counter() - began
    share = budget / rounds / max(1, len(works))
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            calls = max(1, min(1000, int(share / max(once[name], 1e-6))))
            began = time.perf_counter()
            for _ in range(calls):
                work()
            wait()
            found[name].append((time.perf_counter() - began) / calls)
    return {name: statistics.median(times) for name, times in found.items()}


def by_threads(work: Callable[[], object], threads: int, calls: int) -> Callable[[], object]:
    """Return a call that does `work` `calls` times in each of `threads` threads, which stay."""
    pool = ThreadPoolExecutor(threads)

    def repeat(_: int) -> None:
        for _ in range(calls):
            work()

    return lambda: list(pool.map(repeat, range(threads)))
