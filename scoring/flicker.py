"""How steady a painted video is: what changes from frame to frame beyond the motion of the original.

The flicker of a pair of consecutive frames is the mean absolute difference, in levels of 0..255, between the
later painted frame and the earlier one moved along with the original's motion; divided by the same difference
of the original itself, which holds its noise, its changes of light and the errors of the flow. So 1 is as
steady as the original. Pictures are compared at `WORKING_SIDE`, as a viewer of that size sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelbrush.job.ledger import FlickerSums
from scoring.flow import SMALLEST_SIDE, Motion, Picture, at_working_size, estimate_motion

FLOOR = 0.5  # levels: least difference of an original; rounding to 8 bits alone makes one of a third
SMALLEST_SHARE = 0.2  # of followed pixels below which a pair says nothing
CUT_LEVELS = 8.0  # mean shift of the sorted levels of a 16 x 16 thumbnail, per channel, at a cut
_THUMBNAIL = (16, 16)


@dataclass(frozen=True)
class PairFlicker:
    """Two consecutive frames compared: mean absolute differences in levels, over the followed pixels."""

    painted: float
    original: float  # as measured, without FLOOR
    share: float  # of followed pixels, SMALLEST_SHARE..1

    @property
    def ratio(self) -> float:
        """Painted over original difference, the latter at least FLOOR."""
        return self.painted / max(self.original, FLOOR)


@dataclass(frozen=True)
class FlickerScore:
    """Means over measured pairs; `ratio` is that of the sums, so quiet pairs weigh less than busy ones."""

    pairs: int  # >= 1
    painted: float  # levels
    original: float  # levels, each pair's at least FLOOR
    ratio: float  # 1: as steady as the original
    share: float  # of followed pixels


@dataclass(frozen=True)
class FramePair:
    """One pair of a video: frames `first` and `first` + 1, counted from 0."""

    first: int
    flicker: PairFlicker | None  # None where the motion cannot be followed
    cut: bool  # the later frame begins another shot


def pair_flicker(
    original: tuple[Picture, Picture],
    painted: tuple[Picture, Picture],
    motion: Motion | None = None,
    *,
    quick: bool = False,
) -> PairFlicker | None:
    """Compare two consecutive frames, (earlier, later) of each video, all of one size.

    `motion` is the original's, estimated from it at working size when None (`quick` as in estimate_motion); a
    given one has to be of that size. Returns None when less than SMALLEST_SHARE of the picture can be
    followed or the frames are too small. Raises ValueError when sizes differ.
    """
    shapes = [picture.shape for picture in (*original, *painted)]
    if len(set(shapes)) != 1:
        raise ValueError(f"original frames of {shapes[:2]} and painted ones of {shapes[2:]} differ in size")
    earlier, later = at_working_size(original[0]), at_working_size(original[1])
    if min(later.shape[:2]) < SMALLEST_SIDE:
        return None
    motion = motion or estimate_motion(earlier, later, quick=quick)
    share = motion.share
    if share < SMALLEST_SHARE:
        return None
    return PairFlicker(
        painted=_difference(at_working_size(painted[0]), at_working_size(painted[1]), motion),
        original=_difference(earlier, later, motion),
        share=share,
    )


def is_cut(earlier: Picture, later: Picture) -> bool:
    """Whether another shot begins with `later`: a change of light and colours that no motion makes.

    A cut between shots with the same colours is not seen; there the motion cannot be followed.
    """
    first, second = (np.sort(_thumbnail(frame), axis=0) for frame in (earlier, later))
    return bool(np.abs(first - second).mean() > CUT_LEVELS)


def frame_pairs(frames: Iterable[tuple[Picture, Picture]], every: int = 1) -> Iterator[FramePair]:
    """Yield each pair of consecutive (original, painted) frames; two frames of each video are held at most.

    Only every `every`-th pair (>= 1) from the first on is compared, the others yield no flicker.
    """
    before: tuple[Picture, Picture] | None = None
    for number, now in enumerate(frames):
        if before is not None:
            cut = is_cut(before[0], now[0])
            wanted = not cut and (number - 1) % every == 0
            flicker = pair_flicker((before[0], now[0]), (before[1], now[1])) if wanted else None
            yield FramePair(number - 1, flicker, cut)
        before = now


class FlickerTally:
    """Adds up pairs as they are measured."""

    def __init__(self) -> None:
        self._pairs = 0
        self._painted = self._original = self._share = 0.0

    def add(self, pair: PairFlicker | None) -> None:
        """Count one pair; None, a pair that says nothing, is passed over."""
        if pair is not None:
            self._pairs += 1
            self._painted += pair.painted
            self._original += max(pair.original, FLOOR)
            self._share += pair.share

    @property
    def sums(self) -> FlickerSums | None:
        """What a ledger page keeps; None when no pair was counted."""
        return FlickerSums(self._pairs, self._painted, self._original) if self._pairs else None

    @property
    def score(self) -> FlickerScore | None:
        """The averages; None when no pair was counted."""
        count = self._pairs
        if not count:
            return None
        ratio = self._painted / self._original
        return FlickerScore(count, self._painted / count, self._original / count, ratio, self._share / count)


def _difference(earlier: Picture, later: Picture, motion: Motion) -> float:
    change = cv2.absdiff(motion.carry(earlier), later)
    return sum(cv2.mean(change, motion.followed)[:3]) / 3


def _thumbnail(frame: Picture) -> np.ndarray:
    """(256, 3) float32: the colours of the picture's 16 x 16 parts."""
    small = cv2.resize(frame, _THUMBNAIL, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).reshape(-1, 3)
