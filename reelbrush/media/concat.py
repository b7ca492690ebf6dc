"""The packets of all segments as one stream at the manifest's times."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from reelbrush.errors import Refusal, StitchError
from reelbrush.job.manifest import Manifest, Segment
from reelbrush.media.container import main_video, opened
from reelbrush.media.prove import segment_title
from reelbrush.media.timeline import Timeline


class WrongSegment(StitchError):
    """An encoded segment is not what was promised; scoring it again may cure that."""

    def __init__(self, message: str, segment: int) -> None:
        super().__init__(message, advice="score it again")
        self.segment = segment


OpenSegment = Callable[[int], BinaryIO]
"""Returns a fresh seekable reader of the encoded segment with this index; the caller closes it."""


@contextmanager
def opened_encoded(
    open_segment: OpenSegment, index: int, *, packets_only: bool = False
) -> Generator[tuple[InputContainer, VideoStream]]:
    """Open an encoded segment for a block: the container and its one video stream.

    Raises WrongSegment, and what `open_segment` raises: a store that is away makes no segment wrong.
    With `packets_only`, much cheaper, the stream does not tell its pixel format.
    """
    with ExitStack() as stack:
        try:
            container = stack.enter_context(opened(lambda: open_segment(index), packets_only=packets_only))
        except Refusal as error:
            raise WrongSegment(f"segment {index} cannot be read: {error.message}", index) from error
        stream = main_video(container)
        # without a codec context: of a codec that FFmpeg does not know
        if stream is None or cast(VideoCodecContext | None, stream.codec_context) is None:
            raise WrongSegment(f"segment {index} holds no video", index)
        yield container, stream


def segment_packets(
    open_segment: OpenSegment,
    manifest: Manifest,
    timeline: Timeline,
    extradata: bytes,
) -> Iterator[Packet[Any]]:
    """Yield the packets of all segments in order, one in memory at a time; see `timed_packets`."""
    for segment in manifest.segments:
        with opened_encoded(open_segment, segment.index, packets_only=True) as (container, stream):
            wanted = segment_title(manifest.generation, segment.index)
            title = container.metadata.get("title", wanted)  # older ones have none
            if title != wanted:
                raise WrongSegment(f"segment {segment.index} is {title}", segment.index)
            yield from timed_packets(container, stream, segment, timeline, extradata)


def timed_packets(
    container: InputContainer, stream: VideoStream, segment: Segment, timeline: Timeline, extradata: bytes
) -> Iterator[Packet[Any]]:
    """Yield the packets of one opened segment, each with its presentation time, the same decoding time and
    its duration, in ticks of `timeline`.

    Raises StitchError, sooner or later on the way, when the segment has another number of frames or other
    parameter sets than promised, or holds frames out of display order.
    """
    frame = segment.first_frame
    for packet in _proven(container, stream, segment, extradata):
        packet.pts = packet.dts = timeline.start(frame)
        packet.duration = timeline.start(frame + 1) - timeline.start(frame)
        yield packet
        frame += 1


def _proven(
    container: InputContainer, stream: VideoStream, segment: Segment, extradata: bytes
) -> Iterator[Packet[Any]]:
    """Yield packets as they are read: memory for all of a segment would be given back and faulted in anew."""
    found = 0
    for packet in container.demux(stream):
        if not packet.size:
            continue
        found += 1
        if found == 1:
            _prove_first(packet, stream, segment, extradata)
        if packet.pts != packet.dts:
            raise WrongSegment(f"segment {segment.index} is not in display order", segment.index)
        if found <= segment.frame_count:
            yield packet
    if found != segment.frame_count:
        raise WrongSegment(
            f"segment {segment.index} holds {found} frames instead of {segment.frame_count}", segment.index
        )


def _prove_first(packet: Packet[Any], stream: VideoStream, segment: Segment, extradata: bytes) -> None:
    if bytes(stream.codec_context.extradata or b"") != extradata:
        raise StitchError(
            f"segment {segment.index} was encoded with other settings than segment 0",
            advice="score all segments with one version of the product",
        )
    if not packet.is_keyframe:
        raise WrongSegment(f"segment {segment.index} does not start with a key frame", segment.index)
