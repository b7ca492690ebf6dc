"""Samples for a job's flicker: the middle pair of each segment, kept while both of its frames are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reelbrush.job.ledger import FlickerSums
from scoring.session import Frames

if TYPE_CHECKING:
    from scoring.flow import Picture


@dataclass(frozen=True)
class FrameSample:
    """One frame as decoded and as painted, (H, W, 3) uint8 at working size."""

    original: Picture
    painted: Picture


def sampled_offsets(frame_count: int) -> range:
    """Return which frames of a segment are sampled, counted from 0: the middle two, none of a single frame.

    A source's own key frames, where its compression may jump, tend to begin segments.
    """
    middle = (frame_count - 1) // 2
    return range(middle, middle + 2) if frame_count > 1 else range(0)


def take_samples(first: int, originals: Frames, painted: Frames, wanted: range) -> tuple[FrameSample, ...]:
    """Return the samples among a segment's frames from offset `first` on whose offsets are `wanted`."""
    sampled = [
        (original, repainted)
        for offset, (original, repainted) in enumerate(zip(originals, painted, strict=True), first)
        if offset in wanted
    ]
    if not sampled:
        return ()
    from scoring.flow import at_working_size  # OpenCV, which the first frame need not wait for

    return tuple(
        FrameSample(at_working_size(original), at_working_size(repainted)) for original, repainted in sampled
    )


def samples_flicker(samples: Sequence[FrameSample]) -> FlickerSums | None:
    """Measure the pair that a segment's samples make.

    None without a pair, where its motion cannot be followed, and where nothing was painted over, since a copy
    is as steady as its original.
    """
    if len(samples) != 2 or all(np.array_equal(each.original, each.painted) for each in samples):
        return None
    from scoring.flicker import FlickerTally, pair_flicker

    earlier, later = samples
    tally = FlickerTally()
    originals, painted = (earlier.original, later.original), (earlier.painted, later.painted)
    tally.add(pair_flicker(originals, painted, quick=True))
    return tally.sums
