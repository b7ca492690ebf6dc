"""How many threads paint at the same time: measured where a batch is long enough for that to pay.

Each thread paints frames of its own by the one session that all share. More threads than cores, or two on the
halves of one core, or more than the memory can feed, may paint no more frames than fewer do.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from scoring.cache_folder import cache_folder
from scoring.cores import usable_cores
from scoring.gpu import CPU
from scoring.repaint import Repainter

PROBE_CPU_SECONDS = 2.0
LONG_SECONDS = 60.0  # of painting, from which on a probe costs less than a few percent
_MANY_FRAMES = 200  # of fewer, none is painted only to be timed

_KEPT_SECONDS = 86400.0
_AS_FAST = 0.97  # of the best rate: what measuring cannot tell apart
_LOG = logging.getLogger("scoring")


def choose_threads(
    repainter: Repainter,
    width: int,
    height: int,
    frames: int,
    most: int,
    cache: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Return how many threads are to paint `frames` frames of `width` x `height`; at most `most`, if not 0.

    0 stands for the cores that this process may use; on a GPU, for one. The answer changes no byte. It is
    kept for a day in the folder `cache`, by default the user's, for the same machine, models and size. Once
    `should_stop()` is true nothing more is measured.
    """
    if repainter.origin.get("device", CPU) != CPU:
        return max(1, most)
    cores = usable_cores()
    most = most or cores
    counts = sorted({most, min(most, cores), max(1, most // 2)})
    if len(counts) == 1 or frames < _MANY_FRAMES:
        return most
    path = (cache or cache_folder("threads")) / f"{_key(repainter, width, height, counts, cores)}.json"
    kept = _read(path)
    if kept in counts:
        return kept
    picture = np.random.default_rng(20).integers(
        0, 256, (repainter.frames_per_call, height, width, 3), np.uint8
    )

    def paint() -> None:
        repainter.paint(picture, [0] * len(picture))

    paint()  # the first call is like no other
    began = time.perf_counter()
    paint()
    if (time.perf_counter() - began) * frames / len(picture) / most < LONG_SECONDS:
        return most
    rates = measure_rates(paint, counts, should_stop=should_stop)
    if should_stop():
        return most
    chosen = fewest_as_fast(rates)
    told = ", ".join(f"{count}: {rate * len(picture):.2f}" for count, rate in rates.items())
    _LOG.info("%d threads paint, measured frames/s by threads: %s", chosen, told)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"threads": chosen, "rates": rates}))
        temporary.replace(path)
    return chosen


def measure_rates(
    paint: Callable[[], object],
    counts: list[int],
    *,
    clock: Callable[[], float] = time.perf_counter,
    spent: Callable[[], float] = time.process_time,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[int, float]:
    """Return calls of `paint` per second of `clock` by each of `counts` threads, the best of several rounds.

    Rounds, in which each count has its turn, follow each other until PROBE_CPU_SECONDS of `spent` are over;
    there is at least one, unless `should_stop()` is true before. Other load slows all counts, and the best
    round the least.
    """
    rates = dict.fromkeys(counts, 0.0)
    limit = spent() + PROBE_CPU_SECONDS
    with ThreadPoolExecutor(max(counts), thread_name_prefix="probe") as threads:
        while True:
            for count in counts:
                if should_stop():
                    return rates
                began = clock()
                for call in [threads.submit(paint) for _ in range(count)]:
                    call.result()
                rates[count] = max(rates[count], count / max(clock() - began, 1e-9))
            if spent() >= limit:
                return rates


def fewest_as_fast(rates: Mapping[int, float]) -> int:
    """Return the least number of threads whose rate is as good as the best, give or take 3 %."""
    best = max(rates.values())
    return min(count for count, rate in rates.items() if rate >= _AS_FAST * best)


def _key(repainter: Repainter, width: int, height: int, counts: list[int], cores: int) -> str:
    """A name for all that the answer depends on and that can be known."""
    parts = [platform.node(), platform.machine(), cores, counts, width, height]
    parts += [sorted(repainter.origin.items()), repainter.strength, repainter.preserve_color]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _read(path: Path) -> int:
    """The threads that a probe of the last day chose, 0 where there is none."""
    try:
        if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
            return 0
        return int(json.loads(path.read_text())["threads"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return 0
