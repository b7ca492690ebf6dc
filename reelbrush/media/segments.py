"""From a packet index to segments: where each starts decoding, what that costs, whether it is true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reelbrush.job.manifest import Segment
from reelbrush.media.container import Opener
from reelbrush.media.grid import grid
from reelbrush.media.index import PacketIndex
from reelbrush.media.stream import FrameStream

CHECKED_SEEKS = 200  # at most
CHECKED_PIXELS = 2_000_000_000  # decoded at most while checking seeks
FRAMES_PER_SEEK = 5  # that a decoder works on before the first comes out, roughly
LONGEST_LEAD = 3000  # frames decoded before a segment's first, beyond which an intermediate is cheaper


def indexed_segments(index: PacketIndex, *, ordinal: bool = False) -> tuple[Segment, ...]:
    """Cut the frames of a trusted index; a segment decodes from the last entry point not after its start.

    With `ordinal` the segments' seeks are frame numbers, as in an intermediate, instead of times.
    """
    entries: list[int] = index.entries.tolist()
    runs = grid(len(index.timestamps), entries)
    at = np.searchsorted(index.entries, np.array([first for first, _ in runs], np.int64), side="right") - 1

    def seek(entry: int) -> int | None:
        if entry < 0 or entries[entry] == 0:
            return None  # the beginning needs no seek; before the first entry only hidden frames lead in
        return entries[entry] if ordinal else int(index.timestamps[entries[entry]])

    return tuple(
        Segment(number, first, count, seek(entry))
        for number, ((first, count), entry) in enumerate(zip(runs, at.tolist(), strict=True))
    )


def ordinal_segments(frame_count: int) -> tuple[Segment, ...]:
    """Cut the frames of an intermediate: decoding can start at any frame, whose timestamp is its number."""
    return tuple(
        Segment(number, first, count, first if first else None)
        for number, (first, count) in enumerate(grid(frame_count, ()))
    )


def decodes_too_much(index: PacketIndex) -> bool:
    """Whether some segment begins so far behind its key frame that an intermediate is cheaper.

    Only the first segment of a run, and one after a gap, pays for its lead: the reader goes on from one
    segment to the next. So what counts is the longest lead, not the sum over all segments.
    """
    segments = indexed_segments(index, ordinal=True)
    return any(segment.first_frame - (segment.seek_pts or 0) > LONGEST_LEAD for segment in segments)


def untrue_seek(
    open_source: Opener, stream_index: int, segments: Sequence[Segment], pixels_per_frame: int
) -> str:
    """Decode the first frame at the seeks of some segments, evenly spread; say what is wrong, else return "".

    What a seek must do: give the frame at exactly its timestamp, undamaged.
    """
    seeks = sorted({segment.seek_pts for segment in segments if segment.seek_pts is not None})
    most = max(1, min(CHECKED_SEEKS, CHECKED_PIXELS // (FRAMES_PER_SEEK * pixels_per_frame)))
    chosen = seeks[:: -(-len(seeks) // most)] if seeks else []
    with FrameStream(open_source, stream_index) as decoder:
        for pts in chosen:
            frames = decoder.from_key(pts)
            frame = next((each for each in frames if each.pts is None or each.pts >= pts), None)
            if frame is None or frame.pts != pts or frame.is_corrupt:
                return f"decoding from the key frame at {pts} does not give the frame at {pts}"
    return ""
