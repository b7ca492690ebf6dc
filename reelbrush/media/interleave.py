"""One stream of packets for the muxer out of the painted video and the source's other tracks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from reelbrush.media.carry import Carrier
from reelbrush.media.container import packets_of


def carried_packets(
    source: InputContainer, carriers: Mapping[int, Carrier], notes: list[str]
) -> Iterator[Packet[Any]]:
    """Yield the output packets of all carried tracks in the source's own order, in one pass over it.

    `carriers` by stream index of the source. A source that ends in the middle of a packet yields what it has.
    That and packets left out because they are damaged add sentences to `notes`.
    """
    if not carriers:
        return
    # a transport stream marks every packet near a lost one; elsewhere the mark means a packet cut off
    cut = source.format.name != "mpegts"
    dropped = 0
    try:
        for packet in packets_of(source, [source.streams[index] for index in carriers]):
            if packet.is_corrupt and cut:
                dropped += 1
            elif packet.size:
                yield from carriers[packet.stream.index](packet)
    except FFmpegError as error:
        notes.append(f"the other tracks end where the source is cut off ({error.strerror})")
    if dropped:
        notes.append(f"{dropped} packets of other tracks were left out: the source marks them as damaged")
    for carry in carriers.values():
        yield from carry(None)


def interleaved(video: Iterator[Packet[Any]], others: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Merge by decoding time; at equal times the video's packet goes last. Holds one packet of each.

    The packets of one stream index must have one time base.
    """
    ticks = _Ticks()
    waiting = next(others, None)
    for packet in video:
        while waiting is not None and not ticks.before(packet, waiting):
            yield waiting
            waiting = next(others, None)
        yield packet
    if waiting is not None:
        yield waiting
    yield from others


class _Ticks:
    """Compares decoding times across streams in whole numbers; fractions cost more than muxing."""

    def __init__(self) -> None:
        self._of_stream: dict[int, tuple[int, int]] = {}

    def before(self, one: Packet[Any], other: Packet[Any]) -> bool:
        """Whether `one` is decoded before `other`, and not at the same time."""
        up, down = self._tick(one)
        other_up, other_down = self._tick(other)
        return (one.dts or 0) * up * other_down < (other.dts or 0) * other_up * down

    def _tick(self, packet: Packet[Any]) -> tuple[int, int]:
        tick = self._of_stream.get(packet.stream_index)
        if tick is None:
            tick = self._of_stream[packet.stream_index] = packet.time_base.as_integer_ratio()
        return tick
