"""The ledger: what every segment proved about itself. Stitching refuses without it."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from reelbrush.job.versions import schema


@dataclass(frozen=True)
class FlickerSums:
    """How steady pairs of consecutive frames are: sums of their mean absolute differences, in levels of 255.

    Both differences are between the later frame and the earlier one moved along with the original's motion.
    """

    pairs: int  # >= 1
    painted: float
    original: float  # > 0: a pair's is at least a floor, see scoring.flicker

    def __post_init__(self) -> None:
        if self.pairs < 1 or not self.original > 0:
            raise ValueError(f"flicker of {self.pairs} pairs with a difference of {self.original}")

    @property
    def ratio(self) -> float:
        """Painted over original: 1 is as steady as the original."""
        return self.painted / self.original

    def __add__(self, other: FlickerSums) -> FlickerSums:
        return FlickerSums(
            self.pairs + other.pairs, self.painted + other.painted, self.original + other.original
        )


@dataclass(frozen=True)
class LedgerPage:
    """The proof of one published segment."""

    segment: int
    frame_count: int
    timestamps_sha256: str  # see timestamps_hash
    sha256: str  # of the segment's encoded file
    size: int  # bytes of the segment's encoded file
    run: str  # id of the run that published it
    seconds: dict[str, float] = field(default_factory=dict[str, float])  # decode, infer, encode, total
    versions: dict[str, str] = field(default_factory=dict[str, str])  # of the libraries and the provider
    flicker: FlickerSums | None = None  # of the segment's sampled pairs; None where nothing can be compared
    packets: str = ""  # of the segment's file, see reelbrush.media.prove; "" in older pages
    place: str = ""  # "<job>/<generation>" it was painted for; "" in older pages
    version: int = schema(1)


def timestamps_hash(timestamps: Iterable[int]) -> str:
    """Return the hex sha256 of presentation times, each as little-endian signed 64-bit."""
    values = array("q", timestamps)
    if array("H", [1]).tobytes() != b"\x01\x00":
        values.byteswap()
    return hashlib.sha256(values.tobytes()).hexdigest()
