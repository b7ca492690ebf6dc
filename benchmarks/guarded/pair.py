"""A pair of works whose CPU times are compared, and how their ratio is measured on a busy machine."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

Work = Callable[[], object]
Clock = Callable[[], float]


def cpu_seconds() -> float:
    """Return the CPU time of this process, all its threads, and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@dataclass(frozen=True)
class Pair:
    """The product's `work` over a `yardstick`: the less the ratio of their CPU times, the better.

    The yardstick is none of the product's code, so that only a slower product raises the ratio; or the
    product's own parts, where what counts is what putting them together adds.
    """

    name: str
    what: str  # "this over that", for people
    work: Work
    yardstick: Work
    bound: float  # that no machine should pass, > 0


@dataclass
class Timings:
    """CPU seconds of a pair's turns so far, in the order in which they were taken."""

    work: list[float] = field(default_factory=list[float])
    yardstick: list[float] = field(default_factory=list[float])

    def take(self, pair: Pair, clock: Clock) -> None:
        """Let both take a turn, one right after the other."""
        self.yardstick.append(_seconds(pair.yardstick, clock))
        self.work.append(_seconds(pair.work, clock))

    @property
    def ratio(self) -> float:
        """The lesser of two estimates of work over yardstick, which noise raises by different ways.

        The fastest of each, for other load can only take away; and the middle of the ratios of neighbours in
        time, for load that lasts slows both.
        """
        paired = median(work / yard for work, yard in zip(self.work, self.yardstick, strict=True))
        return min(min(self.work) / min(self.yardstick), paired)


def warm(pair: Pair) -> None:
    """Let both run once without being measured: caches, arenas and imports are paid for."""
    pair.yardstick()
    pair.work()


def _seconds(work: Work, clock: Clock) -> float:
    began = clock()
    work()
    return clock() - began
