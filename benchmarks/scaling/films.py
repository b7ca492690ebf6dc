"""Films that are projected, and what a frame of each costs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reelbrush.media.grid import grid


@dataclass(frozen=True)
class FrameCost:
    """Seconds of one core for one frame by stage, and the size of what comes out."""

    decode: float
    model: float
    encode: float
    painted_bytes: float  # of one encoded frame

    @property
    def total(self) -> float:
        """Seconds of one core."""
        return self.decode + self.model + self.encode


@dataclass(frozen=True)
class Film:
    """One source. `source_bytes_per_second` is its own bit rate, sound included, in bytes."""

    name: str
    height: int  # of 16:9
    seconds: int
    source_bytes_per_second: float
    frame_rate: Fraction = Fraction(25)

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return int(self.seconds * self.frame_rate)

    @property
    def source_bytes(self) -> float:
        """Its size."""
        return self.seconds * self.source_bytes_per_second

    @property
    def segment_frames(self) -> tuple[int, ...]:
        """Frames of each segment, by the product's grid where no key frame speaks for another border."""
        return tuple(count for _, count in grid(self.frames, ()))


FILMS = (
    Film("2 min 360p", 360, 120, 1e6 / 8),
    Film("1 h 1080p", 1080, 3600, 8e6 / 8),
    Film("10 h 720p", 720, 36_000, 5e6 / 8),
)
"""The sources' bit rates, 1, 8 and 5 Mbit/s, are assumed."""
