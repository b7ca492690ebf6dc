"""The presentation times of a batch's frames, read from the manifest's blob by range."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence

from reelbrush.errors import StoreError
from reelbrush.job import Manifest, Segment, timestamps_hash
from reelbrush.job.names import WORK
from reelbrush.store import Store

_BYTES = 8  # little-endian int64


class Timestamps:
    """Times of consecutive segments, in ticks of the manifest's `video.time_base`, strictly increasing."""

    def __init__(self, first_frame: int, values: Sequence[int], video_start: int) -> None:
        """`values[i]` is the time of frame `first_frame + i` of the whole video, `video_start` of frame 0."""
        self._first, self._values = first_frame, values
        self.video_start = video_start

    def of(self, segment: Segment) -> Sequence[int]:
        """Return the times of the segment's frames, in order."""
        begin = segment.first_frame - self._first
        return self._values[begin : begin + segment.frame_count]

    def hash_of(self, segment: Segment) -> str:
        """Return `timestamps_hash` of the segment."""
        return timestamps_hash(self.of(segment))


def read_timestamps(store: Store, manifest: Manifest, segments: Sequence[Segment]) -> Timestamps:
    """Return the times of `segments` (consecutive, at least one).

    Raises StoreError when the blob is missing or shorter than the manifest says.
    """
    first = segments[0].first_frame
    end = segments[-1].first_frame + segments[-1].frame_count  # exclusive
    with store.open(WORK, manifest.timestamps_blob) as reader:
        data = reader.read(_BYTES)
        reader.seek(first * _BYTES)
        data += reader.read((end - first) * _BYTES)
    if len(data) != (1 + end - first) * _BYTES:
        raise StoreError(
            f"{manifest.timestamps_blob} holds no times for the frames {first}..{end - 1}", retryable=False
        )
    values = array("q", data)
    if sys.byteorder == "big":
        values.byteswap()
    return Timestamps(first, values[1:], values[0])
