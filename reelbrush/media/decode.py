"""Reading segments: exactly the frames that the manifest promises, as upright RGB pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from av.video.frame import VideoFrame

from reelbrush.errors import SourceDamaged
from reelbrush.job.manifest import Media, Segment, Video
from reelbrush.media.container import Opener
from reelbrush.media.orient import orientation
from reelbrush.media.picture import Developer
from reelbrush.media.stream import FrameStream


class SegmentReader:
    """Decodes segments of one job; one per scoring process, a context manager.

    The pictures of a segment do not depend on which segments were read before. Reading segments in order is
    cheapest: a segment that directly follows the one just read goes on decoding without seeking.
    """

    def __init__(self, open_media: Opener, media: Media, video: Video, size: tuple[int, int]) -> None:
        """`open_media` opens the blob that `media` describes; `size` is (width, height), upright.

        `upright` is the source's own size, as it stands after the turn.
        """
        turn = orientation(video.display_matrix)
        width, height = size if not turn.transpose else (size[1], size[0])
        self.upright = turn.size(video.width, video.height)
        self._media = media
        self._stream = FrameStream(open_media, media.stream_index)
        self._developer = Developer(media.colour, width, height, turn)
        self._running: Iterator[VideoFrame] | None = None
        self._next_frame = -1  # number of the frame that comes next out of `_running`

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the decoder and close the reader; safe to repeat."""
        self._running = None
        self._stream.close()

    def frames(self, segment: Segment, timestamps: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield `segment.frame_count` pictures (H, W, 3) uint8 RGB, full range, upright.

        `timestamps` are those of this segment's frames, in ticks. Raises SourceDamaged naming the first frame
        that is missing or does not decode, and ValueError when the number of timestamps is not the segment's.
        """
        for _, picture in self.timed(segment, timestamps):
            yield picture

    def timed(self, segment: Segment, timestamps: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (time, picture) of each frame; the time is the one that the decoded frame itself told.

        For an intermediate that numbers its frames, it is the one of `timestamps` with that number. Else as
        `frames`.
        """
        if len(timestamps) != segment.frame_count:
            raise ValueError(
                f"segment {segment.index}: {len(timestamps)} timestamps for {segment.frame_count} frames"
            )
        first = segment.first_frame
        wanted = range(first, first + segment.frame_count) if self._media.ordinal else timestamps
        if self._running is not None and self._next_frame == first:
            running = self._running
        elif segment.seek_pts is None:
            running = self._stream.from_beginning()
        else:
            running = self._stream.from_key(segment.seek_pts)
        self._running = None  # until the segment is complete, the position is unknown to others
        for offset, frame in enumerate(self._pick(running, wanted, segment)):
            if frame.is_corrupt and not self._media.ordinal:
                raise _damaged(segment, offset, wanted[offset], "decodes with errors")
            told = frame.pts or 0
            yield timestamps[told - first] if self._media.ordinal else told, self._developer.develop(frame)
        self._running, self._next_frame = running, first + segment.frame_count

    def _pick(
        self, running: Iterator[VideoFrame], wanted: Sequence[int], segment: Segment
    ) -> Iterator[VideoFrame]:
        """Take the frames at the `wanted` times out of the decoder's."""
        for offset, time in enumerate(wanted):
            frame = next(running, None)
            while offset == 0 and frame is not None and (frame.pts is None or frame.pts < time):
                frame = next(running, None)
            if frame is None or frame.pts != time:
                found = "the video ends before it" if frame is None else f"{frame.pts} comes in its place"
                raise _damaged(segment, offset, time, f"does not decode: {found}")
            yield frame


def _damaged(segment: Segment, offset: int, time: int, what: str) -> SourceDamaged:
    return SourceDamaged(
        f"frame {segment.first_frame + offset} of the source (segment {segment.index}, time {time}) {what}",
        advice="split the source carefully, by decoding all of it",
    )
