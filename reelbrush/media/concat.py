"""The packets of all segments as one stream at the manifest's times."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from reelbrush.errors import ReelbrushError, StitchError
from reelbrush.job.manifest import Manifest, Segment
from reelbrush.media.container import main_video, opened
from reelbrush.media.timeline import Timeline

OpenSegment = Callable[[int], BinaryIO]
"""Returns a fresh seekable reader of the encoded segment with this index; the caller closes it."""


@contextmanager
def opened_encoded(
    open_segment: OpenSegment, index: int, *, packets_only: bool = False
) -> Generator[tuple[InputContainer, VideoStream]]:
    """Open an encoded segment for a block: the container and its one video stream. Raises StitchError.

    With `packets_only`, much cheaper, the stream does not tell its pixel format.
    """
    with ExitStack() as stack:
        try:
            container = stack.enter_context(opened(lambda: open_segment(index), packets_only=packets_only))
        except ReelbrushError as error:
            raise StitchError(
                f"segment {index} cannot be read: {error.message}", advice="score it again"
            ) from error
        stream = main_video(container)
        if stream is None:
            raise StitchError(f"segment {index} holds no video", advice="score it again")
        yield container, stream


def segment_packets(
    open_segment: OpenSegment,
    manifest: Manifest,
    timeline: Timeline,
    extradata: bytes,
) -> Iterator[Packet[Any]]:
    """Yield the packets of all segments in order, at most one segment in memory; see `timed_packets`."""
    for segment in manifest.segments:
        with opened_encoded(open_segment, segment.index, packets_only=True) as (container, stream):
            packets = timed_packets(container, stream, segment, timeline, extradata)
        yield from packets


def timed_packets(
    container: InputContainer, stream: VideoStream, segment: Segment, timeline: Timeline, extradata: bytes
) -> list[Packet[Any]]:
    """Return the packets of one opened segment, each with its presentation time, the same decoding time and
    its duration, in ticks of `timeline`.

    Raises StitchError when the segment has another number of frames or other parameter sets than promised,
    or holds frames out of display order.
    """
    packets = _proven(container, stream, segment, extradata)
    for frame, packet in enumerate(packets, segment.first_frame):
        packet.pts = packet.dts = timeline.start(frame)
        packet.duration = timeline.start(frame + 1) - timeline.start(frame)
    return packets


def _proven(
    container: InputContainer, stream: VideoStream, segment: Segment, extradata: bytes
) -> list[Packet[Any]]:
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
    if any(packet.pts != packet.dts for packet in packets):
        raise StitchError(f"segment {segment.index} is not in display order", advice="score it again")
    if not packets[0].is_keyframe:
        raise StitchError(f"segment {segment.index} does not start with a key frame", advice="score it again")
    return packets
