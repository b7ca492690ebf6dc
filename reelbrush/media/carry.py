"""Carriers: each takes the source's packets of one track and returns the packets of the output's track."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from reelbrush.media.audio import AudioClock
from reelbrush.media.silence import FLAC_BLOCK, SampleLine
from reelbrush.media.subtitles import from_timed_text, to_timed_text
from reelbrush.media.ticks import rescale
from reelbrush.media.wrapper import Action

Carrier = Callable[["Packet[Stream] | None"], "list[Packet[Stream]]"]
"""Takes the next packet of the track, or None after the last; returns packets ready for the muxer."""


@dataclass
class Damage:
    """What of a track's packets did not decode."""

    packets: int = 0


@dataclass(frozen=True)
class Lane:
    """One track's way from the source into the output."""

    source: Stream
    output: Stream
    action: Action
    origin: Fraction  # seconds of the source that become 0
    damage: Damage = field(default_factory=Damage)


def carrier(lane: Lane) -> Carrier:
    """Return the carrier for a lane whose output container has written its header (its ticks are final)."""
    if lane.source.type == "video":
        return _picture(lane)
    if lane.source.type == "subtitle":
        return _subtitle(lane)
    return _transcoded(lane) if lane.action == "flac" else _copied(lane)


def _tick(lane: Lane) -> Fraction:
    tick = lane.output.time_base
    assert tick is not None  # the muxer sets it when it writes the header
    return tick


def _placed(
    lane: Lane, packet: Packet[Stream], time: int, duration: int, tick: Fraction | None = None
) -> Packet[Stream]:
    """Put a packet at its place; `tick` is the lane's where a caller with many packets knows it."""
    packet.stream = lane.output
    packet.time_base = tick or _tick(lane)
    packet.pts = packet.dts = time
    packet.duration = duration
    return packet


def _copied(lane: Lane) -> Carrier:
    assert isinstance(lane.source, AudioStream)
    tick = _tick(lane)
    clock = AudioClock(lane.source, tick, lane.origin)

    def carry(packet: Packet[Stream] | None) -> list[Packet[Stream]]:
        if packet is None:
            return []
        time, duration = clock.place(packet)
        return [_placed(lane, packet, time, duration, tick)]

    return carry


def _picture(lane: Lane) -> Carrier:
    carried = False

    def carry(packet: Packet[Stream] | None) -> list[Packet[Stream]]:
        nonlocal carried
        if packet is None or carried:
            return []
        carried = True
        return [_placed(lane, packet, 0, 0)]

    return carry


def _subtitle(lane: Lane) -> Carrier:
    place = rescale(lane.source.time_base or Fraction(1, 1000), _tick(lane), lane.origin)
    timed_text = lane.source.codec_context.codec.canonical_name == "mov_text"

    def carry(packet: Packet[Stream] | None) -> list[Packet[Stream]]:
        if packet is None or packet.pts is None:
            return []
        if timed_text and not from_timed_text(bytes(packet)):
            return []  # the muxer writes the gaps between cues itself
        start, duration = place(packet.pts), place.length(packet.duration or 0)
        if start < 0:
            if start + duration <= 0:
                return []
            start, duration = 0, start + duration
        if lane.action == "mov_text":
            packet = Packet(to_timed_text(bytes(packet)))
        elif lane.action == "subrip":
            packet = Packet(from_timed_text(bytes(packet)))
        return [_placed(lane, packet, start, duration)]

    return carry


def _transcoded(lane: Lane) -> Carrier:
    assert isinstance(lane.source, AudioStream) and isinstance(lane.output, AudioStream)
    decoder, encoder = lane.source.codec_context, lane.output.codec_context
    resampler = AudioResampler(encoder.format, encoder.layout, encoder.sample_rate, frame_size=FLAC_BLOCK)
    sample = Fraction(1, encoder.sample_rate)
    shift = round(lane.origin / sample)
    line = SampleLine(sample)

    def encode(frame: AudioFrame | None) -> list[Packet[Stream]]:
        packets: list[Packet[Stream]] = []
        for ready in resampler.resample(frame):
            packets += encoder.encode(ready)
        if frame is None:
            packets += encoder.encode(None)
        for packet in packets:
            packet.stream = lane.output
            packet.time_base = sample
            start = (packet.pts or 0) - shift
            packet.pts = packet.dts = start
        return packets

    def carry(packet: Packet[Stream] | None) -> list[Packet[Stream]]:
        if packet is None:
            return encode(None)
        try:
            frames = decoder.decode(packet)
        except FFmpegError:
            lane.damage.packets += 1
            return []  # a damaged packet is silence, as in any player
        return [ready for frame in frames for placed in line.place(frame) for ready in encode(placed)]

    return carry
