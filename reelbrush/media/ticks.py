"""From the source's ticks to the output's: whole numbers all the way, one shift for every track."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

FINEST_SCALE = 1_000_000  # ticks per second; above it MP4's 32-bit sample durations end after a few minutes
COARSEST_SCALE = 1000
LONGEST_SAMPLE = (1 << 31) - 1  # ticks; what the MP4 muxer takes as the duration of one sample


@dataclass(frozen=True)
class Rescale:
    """The map tick -> round((tick * numerator - offset) / denominator), halves rounded up."""

    numerator: int
    offset: int
    denominator: int

    def __call__(self, tick: int) -> int:
        """Return the output tick nearest to source tick `tick`."""
        return (2 * (tick * self.numerator - self.offset) + self.denominator) // (2 * self.denominator)

    def length(self, ticks: int) -> int:
        """Return a duration of source ticks in output ticks, without the shift."""
        return (2 * ticks * self.numerator + self.denominator) // (2 * self.denominator)


def rescale(source: Fraction, output: Fraction, origin: Fraction = Fraction(0)) -> Rescale:
    """Return the map from ticks of `source` to ticks of `output` (both seconds per tick).

    `origin` is the time, in seconds of the source, that becomes 0.
    """
    ratio = source / output
    shift = origin / output
    denominator = lcm(ratio.denominator, shift.denominator)
    return Rescale(
        ratio.numerator * (denominator // ratio.denominator),
        shift.numerator * (denominator // shift.denominator),
        denominator,
    )


def track_timescale(time_base: Fraction, longest: int) -> int:
    """Return the ticks per second of an MP4 track that keep timestamps in `time_base` exact where MP4 can.

    `longest` is the longest time a frame is shown, in ticks of `time_base`. The result lies in 1000..1000000
    (inclusive) unless a frame is shown so long that only fewer ticks fit.
    """
    scale = time_base.denominator
    if scale < COARSEST_SCALE:
        scale *= -(-COARSEST_SCALE // scale)
    scale = min(scale, FINEST_SCALE)
    seconds = max(1, -(-longest * time_base.numerator // time_base.denominator))
    return max(1, min(scale, LONGEST_SAMPLE // (seconds + 1)))


def movie_timescale(scales: Sequence[int], seconds: int) -> int:
    """Return the ticks per second in which an MP4 says when tracks start and how long the movie is.

    Exact for tracks with these time `scales` (the video's first) unless a movie of `seconds` would then be
    longer than 32 bits of ticks, which many players do not read.
    """
    for scale in (lcm(COARSEST_SCALE, *scales), scales[0], 90_000):
        if scale * (seconds + 1) < 1 << 32:
            return scale
    return COARSEST_SCALE


def output_times(timestamps: Sequence[int], to_output: Rescale) -> array[int]:
    """Return the output tick of every frame, strictly increasing even if those are coarser."""
    times = array("q", bytes(8 * len(timestamps)))
    earliest: int | None = None
    for index, tick in enumerate(timestamps):
        time = to_output(tick)
        if earliest is not None and time < earliest:
            time = earliest
        times[index] = time
        earliest = time + 1
    return times


def origin_of(starts: Iterable[Fraction], tick: Fraction) -> Fraction:
    """Return the earliest of `starts` (seconds), rounded down to a multiple of the video's tick (seconds).

    Whole video ticks keep the video's timestamps exact under the shift.
    """
    return (min(starts) / tick).__floor__() * tick
