"""Decoding one video stream of a blob, from its beginning or from an exact key frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Self

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from reelbrush.errors import SourceDamaged
from reelbrush.media.container import MOST_PIXELS, Opener, open_input, packets_of


class FrameStream:
    """The decoder of one stream; a context manager. `failures` counts packets that did not decode."""

    def __init__(self, opener: Opener, stream_index: int, *, threaded: bool = False) -> None:
        self._opener = opener
        self._stream_index = stream_index
        self._threaded = threaded
        self._container: InputContainer | None = None
        self._reader: BinaryIO | None = None
        self._touched = False  # whether packets were read since the container was opened
        self.failures = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the decoder and close the reader; safe to repeat."""
        if self._container is not None:
            self._container.close()
            self._container = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def opened(self) -> tuple[InputContainer, VideoStream]:
        """Return the container and the stream, opened if need be; they are this object's to close.

        Raises SourceDamaged when the stream is not video.
        """
        return self._open()

    def from_beginning(self) -> Iterator[VideoFrame]:
        """Yield all frames in presentation order; packets that do not decode are counted and left out."""
        if self._container is None or self._touched:
            self._reopen()
        return self._decode(self._packets())

    def from_key(self, pts: int) -> Iterator[VideoFrame]:
        """Yield frames in presentation order, decoding from exactly the key packet with this timestamp.

        Frames before `pts` may come first. Raises SourceDamaged when there is no such packet.
        """
        first, packets = self._seek(pts)
        return self._decode(packets, first)

    def key_frame(self, pts: int) -> VideoFrame | None:
        """Decode the key packet with exactly this timestamp alone; None when it shows no frame by itself.

        Raises SourceDamaged when there is no such packet.
        """
        first, _ = self._seek(pts)
        _, stream = self._open()
        frames = [*self._frames_of(first), *self._drain(stream)]
        return next((frame for frame in frames if frame.pts == pts), None)

    def find_key(self, pts: int) -> None:
        """Look for the key packet with exactly this timestamp without decoding it; raises SourceDamaged."""
        self._seek(pts)

    def _seek(self, pts: int) -> tuple[Packet[VideoStream], Iterator[Packet[VideoStream]]]:
        """Return the key packet at `pts` and the packets behind it. Raises SourceDamaged."""
        container, stream = self._open()
        self._touched = True
        container.seek(pts, stream=stream)
        packets = self._packets()
        first = _advance(packets, pts)
        if first is None:
            # the container's seeking is not exact: read up to the key packet without decoding
            self._reopen()
            packets = self._packets()
            first = _advance(packets, pts)
        if first is None:
            raise SourceDamaged(
                f"the source has no key frame at timestamp {pts}", advice="split it carefully"
            )
        return first, packets

    def _open(self) -> tuple[InputContainer, VideoStream]:
        if self._container is None:
            self._reader = self._opener()
            self._container = open_input(self._reader)
            self._touched = False
            stream = self._container.streams[self._stream_index]
            stream.codec_context.thread_type = "AUTO" if self._threaded else "NONE"
            stream.codec_context.thread_count = 0 if self._threaded else 1
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        stream = self._container.streams[self._stream_index]
        if not isinstance(stream, VideoStream):
            raise SourceDamaged(
                f"stream {self._stream_index} of the source is not video", advice="split it again"
            )
        return self._container, stream

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        container, stream = self._open()
        self._touched = True
        try:
            yield from packets_of(container, stream)
        except (FFmpegError, ValueError):
            self.failures += 1

    def _decode(
        self, packets: Iterator[Packet[VideoStream]], first: Packet[VideoStream] | None = None
    ) -> Iterator[VideoFrame]:
        _, stream = self._open()
        if first is not None:
            yield from self._frames_of(first)
        drained = False
        for packet in packets:
            drained = packet.size == 0
            yield from self._frames_of(packet)
        if not drained:
            yield from self._drain(stream)

    def _frames_of(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        try:
            return packet.decode()
        except (FFmpegError, ValueError):
            self.failures += 1
            return []

    def _drain(self, stream: VideoStream) -> list[VideoFrame]:
        """The demuxer failed before its end: what the decoder still holds comes out."""
        try:
            return stream.codec_context.decode(None)
        except (FFmpegError, ValueError):
            return []


def displayed(frames: Iterator[VideoFrame], hide_negative: bool) -> Iterator[tuple[int | None, VideoFrame]]:
    """Yield (time in ticks, frame) of the frames that are shown; `hide_negative` as the container says."""
    for frame in frames:
        time = frame.pts if frame.pts is not None else frame.dts
        if not (hide_negative and time is not None and time < 0):
            yield time, frame


def _advance(packets: Iterator[Packet[VideoStream]], pts: int) -> Packet[VideoStream] | None:
    """Read up to the key packet at `pts`; None when the packets start after it or end before it."""
    for packet in packets:
        if packet.pts is None:
            continue
        if packet.pts == pts and packet.is_keyframe:
            return packet
        if packet.pts > pts:
            return None
    return None
