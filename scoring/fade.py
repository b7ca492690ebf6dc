"""How much of the second style each frame gets, from its exact presentation time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reelbrush.job import Options
from scoring.blend import WHOLE, weight_of


@dataclass(frozen=True)
class Fade:
    """The share of the second style over time: 0 until `start`, `share` from `end` on, linear between."""

    share: Fraction  # 0..1 inclusive
    start: Fraction | None = None  # in ticks, like the frames' times; None: `share` all the time
    end: Fraction | None = None

    @property
    def never(self) -> bool:
        """Whether the second style has no share of any frame."""
        return weight_of(self.share) == 0

    @property
    def always_whole(self) -> bool:
        """Whether the second style has all of every frame."""
        return self.start is None and weight_of(self.share) == WHOLE

    def weight(self, tick: int) -> int:
        """Return the second style's weight, 0..256 inclusive, in a frame shown at `tick`."""
        if self.start is None or self.end is None or tick >= self.end:
            return weight_of(self.share)
        if tick <= self.start:
            return 0
        return weight_of(self.share * (tick - self.start) / (self.end - self.start))


def fade_of(options: Options, time_base: Fraction, first_tick: int) -> Fade:
    """Return the fade that `options` ask for in a video with its first frame at `first_tick`.

    `time_base` is seconds per tick. The options' times count from the first frame.
    """
    share = options.mix_share if options.mix is not None else Fraction(0)
    if options.fade_start_ms is None or options.fade_end_ms is None:
        return Fade(share)
    start, end = (
        first_tick + Fraction(time, 1000) / time_base for time in (options.fade_start_ms, options.fade_end_ms)
    )
    return Fade(share, start, end)
