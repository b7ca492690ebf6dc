"""When every frame of the painted video is shown, in whole ticks of the output."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Self

from reelbrush.job.manifest import Manifest
from reelbrush.media.ticks import output_times, rescale, track_timescale


@dataclass(frozen=True)
class Timeline:
    """The times of all frames of one video on the output's clock."""

    tick: Fraction  # seconds
    # array('q'), ticks, strictly increasing: every frame's start, then the end of the last
    bounds: array[int]

    @classmethod
    def of(cls, manifest: Manifest, timestamps: Sequence[int], tick: Fraction, origin: Fraction) -> Self:
        """Put the manifest's `timestamps` (ticks of `manifest.video.time_base`) on a clock of `tick` seconds.

        `origin`, in seconds of the source, becomes 0.
        """
        to_output = rescale(manifest.video.time_base, tick, origin)
        bounds = output_times(timestamps, to_output)
        bounds.append(bounds[-1] + max(1, to_output.length(manifest.last_duration)))
        return cls(tick, bounds)

    def start(self, frame: int) -> int:
        """Return the tick at which a frame begins; for the number of frames, when the last one ends."""
        return self.bounds[frame]


def video_timescale(manifest: Manifest, timestamps: Sequence[int]) -> int:
    """Return the ticks per second of an MP4 track for frames at these times; see `track_timescale`."""
    longest = max((after - before for before, after in pairwise(timestamps)), default=0)
    return track_timescale(manifest.video.time_base, max(longest, manifest.last_duration))
