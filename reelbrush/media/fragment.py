"""Published segments as fragmented MP4: the same packets as in the finished file, at the same times."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.packet import Packet
from av.video.stream import VideoStream

from reelbrush.errors import StitchError
from reelbrush.job.manifest import Segment
from reelbrush.media.concat import OpenSegment, opened_encoded, timed_packets
from reelbrush.media.timeline import Timeline

_OPTIONS = {
    "fflags": "+bitexact",
    # every fragment stands alone and says when it begins; nothing moves its times
    "movflags": "+empty_moov+frag_custom+default_base_moof+frag_discont+skip_trailer",
    "use_editlist": "0",
    "write_btrt": "0",  # the rate of one segment is not that of the video
    "avoid_negative_ts": "disabled",
}


@dataclass(frozen=True)
class Initialization:
    """What a player needs before the first fragment."""

    data: bytes  # the boxes ftyp and moov
    extradata: bytes  # the AVCDecoderConfigurationRecord, the same for all segments of one video


def initialization(open_segment: OpenSegment, index: int, scale: int) -> Initialization:
    """Make the initialization section of a video from any segment of it; `scale` is ticks per second.

    Raises StitchError when the segment cannot be read.
    """
    with opened_encoded(open_segment, index) as (_, stream):
        data = _muxed(stream, scale, 1, ())
        return Initialization(data, bytes(stream.codec_context.extradata or b""))


def fragment(open_segment: OpenSegment, segment: Segment, timeline: Timeline, init: Initialization) -> bytes:
    """Return a segment as the boxes moof and mdat at its times; `timeline` has the scale of `init`.

    Nothing is decoded; at most three times the segment's size is held. Raises StitchError when it is not what
    was promised, see `timed_packets`, or was encoded with other settings than `init`.
    """
    with opened_encoded(open_segment, segment.index, packets_only=True) as (container, stream):
        packets = timed_packets(container, stream, segment, timeline, init.extradata)
        data = _muxed(stream, timeline.tick.denominator, segment.index + 1, packets)
    return data[_first_fragment(data) :]


def _muxed(template: VideoStream, scale: int, sequence: int, packets: Iterable[Packet[Any]]) -> bytes:
    target = io.BytesIO()
    options = {**_OPTIONS, "video_track_timescale": str(scale), "fragment_index": str(sequence)}
    with av.open(target, "w", format="mp4", container_options=options) as output:
        stream = output.add_stream_from_template(template, opaque=True)
        output.start_encoding()
        tick = stream.time_base
        if tick is None or tick != Fraction(1, scale):
            raise StitchError(f"fragments cannot count {scale} ticks per second", retryable=False)
        for packet in packets:
            packet.stream = stream
            packet.time_base = tick
            output.mux(packet)
    return target.getvalue()


def _first_fragment(data: bytes) -> int:
    """Return where the first moof begins, after boxes that were written by the muxer."""
    at = 0
    while data[at + 4 : at + 8] != b"moof":
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            raise StitchError("the muxer wrote no fragment", retryable=False)
        at += size
    return at
