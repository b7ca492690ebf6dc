"""The packets of all segments as one stream: the manifest's timestamps and one decoding order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from reelbrush.errors import ReelbrushError, StitchError
from reelbrush.job.manifest import Manifest, Segment
from reelbrush.media.container import main_video, open_input
from reelbrush.media.encode import REORDER_FRAMES

OpenSegment = Callable[[int], BinaryIO]
"""Returns a fresh seekable reader of the encoded segment with this index; the caller closes it."""


def open_encoded(open_segment: OpenSegment, index: int) -> tuple[InputContainer, VideoStream]:
    """Open an encoded segment and return the container with its one video stream. Raises StitchError."""
    try:
        container = open_input(open_segment(index))
    except ReelbrushError as error:
        raise StitchError(
            f"segment {index} cannot be read: {error.message}", advice="score it again"
        ) from error
    stream = main_video(container)
    if stream is None:
        container.close()
        raise StitchError(f"segment {index} holds no video", advice="score it again")
    return container, stream


def segment_packets(
    open_segment: OpenSegment,
    manifest: Manifest,
    times: Sequence[int],
    last_duration: int,
    extradata: bytes,
) -> Iterator[Packet[Any]]:
    """Yield the packets of all segments in decoding order, at most one segment in memory.

    `times` are the strictly increasing presentation times of all frames in output ticks, `last_duration` is
    how long the last one is shown. Every packet leaves with a presentation time, a duration and a decoding
    time from one order over all segments: B-frames reach across no border, but their decoding times do.
    Raises StitchError when a segment has another number of frames or other parameter sets than promised.
    """
    total = len(times)
    step = max(1, (times[-1] - times[0]) // (total - 1)) if total > 1 else max(1, last_duration)
    for segment in manifest.segments:
        packets = _read(open_segment, segment, extradata)
        order = sorted(range(len(packets)), key=lambda position: packets[position].pts or 0)
        shown = {position: rank for rank, position in enumerate(order)}
        for position, packet in enumerate(packets):
            frame = segment.first_frame + shown[position]
            decoded = segment.first_frame + position - REORDER_FRAMES
            if frame < decoded:
                raise StitchError(f"segment {segment.index} reorders more than {REORDER_FRAMES} frames")
            packet.pts = times[frame]
            packet.dts = times[decoded] if decoded >= 0 else times[0] + decoded * step
            packet.duration = times[frame + 1] - times[frame] if frame + 1 < total else last_duration
            yield packet


def _read(open_segment: OpenSegment, segment: Segment, extradata: bytes) -> list[Packet[Any]]:
    container, stream = open_encoded(open_segment, segment.index)
    with container:
        packets = [packet for packet in container.demux(stream) if packet.size]
        if bytes(stream.codec_context.extradata or b"") != extradata:
            raise StitchError(
                f"segment {segment.index} was encoded with other settings than segment 0",
                advice="score all segments with one version of the product",
            )
    if len(packets) != segment.frame_count:
        raise StitchError(
            f"segment {segment.index} holds {len(packets)} frames instead of {segment.frame_count}",
            advice="score it again",
        )
    if not packets[0].is_keyframe:
        raise StitchError(f"segment {segment.index} does not start with a key frame", advice="score it again")
    return packets
