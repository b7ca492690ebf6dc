"""Times of copied audio packets: gapless where the source is, never earlier than the packet before."""

from __future__ import annotations

import struct
from fractions import Fraction

from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

from reelbrush.media.repair import longest_leap
from reelbrush.media.ticks import rescale
from reelbrush.media.tracks import codec_of

_FRAME_SAMPLES = {"ac3": 1536, "mp1": 384, "mp2": 1152}  # of codecs whose decoders say so only after a frame


class AudioClock:
    """Places the packets of one audio track in the output's ticks, in the order in which they arrive.

    Containers with coarse ticks (Matroska, FLV: 1 ms) jitter around the true sample positions; where a
    packet's length in samples is known, packets that touch within one source tick are laid end to end. A
    clock that starts anew goes on where the old one ended, as the video's does.
    """

    def __init__(self, stream: AudioStream, output_tick: Fraction, origin: Fraction) -> None:
        """`stream` of the source; `output_tick` in seconds; `origin`, in seconds of the source, becomes 0."""
        tick = stream.time_base or Fraction(1, stream.codec_context.sample_rate)
        sample = Fraction(1, stream.codec_context.sample_rate)
        self._place = rescale(tick, output_tick, origin)
        self._samples = rescale(sample, output_tick)
        self._start = stream.start_time
        self._shift = 0  # output ticks by which a clock that started anew is set right
        self._second = round(1 / output_tick)
        self._leap = self._place.length(longest_leap(tick))
        frame = stream.codec_context.frame_size or _FRAME_SAMPLES.get(codec_of(stream), 0)
        self._frame_length = self._samples(frame) if tick > sample and output_tick <= sample else 0
        self._slack = self._place.length(1) + 1
        self._least = 1 if output_tick <= sample else 0  # coarse ticks may hold several short packets
        self._previous: int | None = None
        self._step = 0  # output ticks between the starts of the last two packets
        self._expected: int | None = None

    def place(self, packet: Packet[Stream]) -> tuple[int, int]:
        """Return (presentation time, duration) of the next packet in output ticks.

        A packet that does not tell how long it is lasts as long as the one before it.
        """
        time = packet.pts if packet.pts is not None else packet.dts
        length = self._frame_length or self._place.length(packet.duration or 0)
        if time is not None:
            start = self._place(time) + self._shift
            if self._expected is None:
                start = self._first(packet, start)
            elif start <= self._expected - self._second or start - self._expected > self._leap:
                self._shift += self._expected - start
                start = self._expected
            elif abs(start - self._expected) <= self._slack and self._frame_length:
                start = self._expected
        else:
            start = self._expected or 0
        if self._previous is not None:
            start = max(start, self._previous + self._least)
            self._step = start - self._previous
        self._previous = start
        self._expected = start + length
        return start, length or min(self._step, self._second)

    def _first(self, packet: Packet[Stream], start: int) -> int:
        """Return the exact start of a track that begins with samples to skip, not its rounded tick."""
        if self._start is None or not packet.has_sidedata("skip_samples"):
            return start
        (skipped,) = struct.unpack_from("<I", bytes(packet.get_sidedata("skip_samples")))
        exact = self._place(self._start) - self._samples(skipped)
        return exact if abs(exact - start) <= self._slack else start
