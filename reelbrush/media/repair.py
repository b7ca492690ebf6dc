"""The times of decoded frames, made strictly increasing with as little change as possible."""

from __future__ import annotations

from array import array
from fractions import Fraction

import numpy as np

# Ticks after which MPEG's and FLV's clocks count from zero again. FFmpeg takes any jump back for that,
# so that a clock which started anew seems to leap forward by most of it.
_WRAPS = {Fraction(1, 90000): 1 << 33, Fraction(1, 1000): 1 << 32}


def longest_leap(time_base: Fraction) -> int:
    """Return the ticks above which a leap forward is a clock that started anew."""
    return _WRAPS.get(time_base, 1 << 62) // 2


def rate_step(time_base: Fraction, rate: Fraction) -> int:
    """Return the ticks between two frames at `rate` frames per second, at least 1."""
    return max(1, round(1 / (rate * time_base)))


def usual_step(times: array[int], otherwise: int) -> int:
    """Return the median distance of increasing int64 `times`, at least 1; `otherwise` for fewer than two."""
    if len(times) < 2:
        return otherwise
    return max(1, int(np.median(np.diff(np.frombuffer(times, np.int64)))))


class Timeline:
    """Collects presentation times in display order; `changed` counts those that were not kept as they are."""

    def __init__(self, time_base: Fraction, rate: Fraction) -> None:
        """`time_base`: seconds per tick; `rate`: frames per second where a time is missing."""
        self._times = array("q")
        self._step = rate_step(time_base, rate)
        self._second = max(1, round(1 / time_base))
        self._wrap = _WRAPS.get(time_base, 0)
        self._shift = 0
        self.changed = 0

    def __len__(self) -> int:
        return len(self._times)

    @property
    def times(self) -> array[int]:
        """Ticks, strictly increasing."""
        return self._times

    @property
    def step(self) -> int:
        """Ticks between frames where nothing better is known: the median distance, else that of the rate."""
        return usual_step(self._times, self._step)

    def add(self, time: int | None) -> None:
        """Append the next frame's time in ticks.

        A missing one follows its predecessor by one frame. The wrap of a clock is undone, and so is one that
        FFmpeg saw where there was none. A jump back by a second or more is a new clock that goes on one frame
        after the old one; a smaller step back or none is moved to one tick after its predecessor.
        """
        if not self._times:
            self._times.append(0 if time is None else time)
            self.changed += time is None
            return
        last = self._times[-1]
        if time is None:
            self.changed += 1
            self._times.append(last + self._step)
            return
        time += self._shift
        if self._wrap and time - last > self._wrap // 2:
            self._shift -= self._wrap
            time -= self._wrap
        if time <= last:
            self.changed += 1
            back = last - time
            if self._wrap and back > self._wrap // 2:
                self._shift += self._wrap
                time += self._wrap
            elif back >= self._second:
                self._shift += last + self._step - time
                time = last + self._step
            time = max(time, last + 1)
        self._times.append(time)
