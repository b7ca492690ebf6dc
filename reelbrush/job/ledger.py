"""The ledger: what every segment proved about itself. Stitching refuses without it."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field


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


def timestamps_hash(timestamps: Iterable[int]) -> str:
    """Return the hex sha256 of presentation times, each as little-endian signed 64-bit."""
    values = array("q", timestamps)
    if array("H", [1]).tobytes() != b"\x01\x00":
        values.byteswap()
    return hashlib.sha256(values.tobytes()).hexdigest()
