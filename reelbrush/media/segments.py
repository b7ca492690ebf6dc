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
DECODED_SEEKS = 12  # of them at most; one costs as much as indexing a thousand frames
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


def untrue_seek(open_source: Opener, stream_index: int, segments: Sequence[Segment]) -> str:
    """Seek to the key frames of some segments, evenly spread; say what is wrong, else return "".

    What a seek must do: find the key packet with exactly its timestamp. What decoding from it must do, tried
    for some of those: give the frame at exactly that timestamp, undamaged. A frame that is wrong elsewhere is
    found when its segment is decoded.
    """
    seeks = sorted({segment.seek_pts for segment in segments if segment.seek_pts is not None})
    checked = _spread(seeks, CHECKED_SEEKS)
    decoded = set(_spread(checked, DECODED_SEEKS))
    with FrameStream(open_source, stream_index) as decoder:
        for pts in checked:
            if pts not in decoded:
                decoder.find_key(pts)
            elif not _gives(decoder, pts):
                return f"decoding from the key frame at {pts} does not give the frame at {pts}"
    return ""


def _gives(decoder: FrameStream, pts: int) -> bool:
    alone = decoder.key_frame(pts)
    if alone is not None and not alone.is_corrupt:
        return True
    # two packets may hold the two fields of one frame, and some decoders wait for the next key frame
    frames = decoder.from_key(pts)
    frame = next((each for each in frames if each.pts is None or each.pts >= pts), None)
    return frame is not None and frame.pts == pts and not frame.is_corrupt


def _spread(times: Sequence[int], most: int) -> Sequence[int]:
    """Return at most `most` of `times`, the first one and evenly spread others."""
    return times[:: -(-len(times) // most)] if times else ()
