"""The fixed grid: where a video's frames are cut into segments."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def grid(
    frame_count: int, keys: Sequence[int], target: int = 48, minimum: int = 24, maximum: int = 72
) -> list[tuple[int, int]]:
    """Cut frames 0..frame_count (exclusive) into runs of (first frame, frame count), in order, without gaps.

    `keys` are the frame numbers, strictly increasing, at which decoding can start. A run is closed at the key
    nearest to `target` frames from its start (the earlier of two equally near) among those that lie
    `minimum`..`maximum` frames (inclusive) from it, else after exactly `target`. Every run has at most
    `maximum` frames, every run but the last at least `minimum`. The result depends on the arguments alone.
    """
    if not 1 <= minimum <= target <= maximum:
        raise ValueError(
            f"1 <= minimum <= target <= maximum does not hold for {minimum}, {target}, {maximum}"
        )
    runs: list[tuple[int, int]] = []
    first = 0
    while first < frame_count:
        left = frame_count - first
        if left <= target:
            runs.append((first, left))
            break
        low = bisect_left(keys, first + minimum)
        high = bisect_right(keys, min(first + maximum, frame_count - 1))
        inside = keys[low:high]
        length = min((key - first for key in inside), key=lambda n: (abs(n - target), n), default=target)
        runs.append((first, length))
        first += length
    return runs
