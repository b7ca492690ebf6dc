"""Whether a ratio is worse than what was recorded, after as many turns as it takes to be sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guarded.pair import Clock, Pair, Timings, cpu_seconds, warm

REGRESSION = 1.2
"""Times the recorded ratio that fails."""

TURNS = 5
"""Turns that each pair takes at least."""

RECORDED_TURNS = 10
"""Turns of a pair that is recorded."""

MOST_TURNS = 25
"""Turns after which a ratio that is still too high counts as one."""


@dataclass(frozen=True)
class Verdict:
    """What was measured of one pair, and what it is held against."""

    pair: Pair
    ratio: float
    turns: int
    work_ms: float  # CPU, of the fastest turn
    yardstick_ms: float
    recorded: float | None  # None: not recorded for this class of machines

    @property
    def limit(self) -> float:
        """The highest ratio that passes: above what was recorded by REGRESSION, at any rate the bound."""
        return self.pair.bound if self.recorded is None else min(self.pair.bound, self.recorded * REGRESSION)

    @property
    def holds(self) -> bool:
        """Whether the ratio is within its limit."""
        return self.ratio <= self.limit


def judge(
    pairs: Sequence[Pair],
    known: dict[str, float],
    *,
    clock: Clock = cpu_seconds,
    turns: int = TURNS,
    most: int = MOST_TURNS,
) -> list[Verdict]:
    """Measure all pairs, turn and turn about, and hold each against `known`, the recorded ratios by name.

    A pair within its limit is done after `turns`; one beyond takes more, up to `most`, since noise goes away
    with turns and a regression does not.
    """
    timings = [Timings() for _ in pairs]
    for pair in pairs:
        warm(pair)
    for turn in range(most):
        for pair, timing in zip(pairs, timings, strict=True):
            if turn < turns or not _verdict(pair, timing, known).holds:
                timing.take(pair, clock)
    return [_verdict(pair, timing, known) for pair, timing in zip(pairs, timings, strict=True)]


def _verdict(pair: Pair, timing: Timings, known: dict[str, float]) -> Verdict:
    work, yardstick = 1e3 * min(timing.work), 1e3 * min(timing.yardstick)
    return Verdict(pair, timing.ratio, len(timing.work), work, yardstick, known.get(pair.name))


def failures(verdicts: Sequence[Verdict]) -> list[str]:
    """Return a sentence for each pair that does not hold."""
    return [_sentence(verdict) for verdict in verdicts if not verdict.holds]


def _sentence(verdict: Verdict) -> str:
    told = f"{verdict.pair.name}: {verdict.pair.what} is {verdict.ratio:.3g} after {verdict.turns} turns"
    if verdict.recorded is None or verdict.limit == verdict.pair.bound:
        return f"{told}, beyond the bound {verdict.pair.bound:g}"
    more = 100 * (verdict.ratio / verdict.recorded - 1)
    return f"{told}, {more:.0f} % above the recorded {verdict.recorded:.3g}"
