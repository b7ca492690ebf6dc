"""How much of a track was written, and how much of it is found again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from av.packet import Packet

EMPTY_CUE = 2  # bytes of the MP4 timed text samples that fill the gaps between cues


@dataclass
class Tally:
    """The packets of one track that a player gets to: those that end after time 0 and hold something."""

    packets: int = 0
    size: int = 0  # bytes
    all_size: int = 0  # bytes, with those that end before time 0
    checksum: int = 0  # CRC-32 of all these bytes
    last: int = 0  # ticks, start of the last packet
    end: int = 0  # ticks, end of the last packet
    tick: float = 0.0  # seconds
    new_heads: bool = False  # containers write the heads of this codec's packets anew

    def count(self, packet: Packet[Any]) -> None:
        """Add a packet at its time in the output."""
        start = packet.pts or 0
        if packet.size > EMPTY_CUE:
            self.all_size += packet.size
            self.checksum = zlib.crc32(packet, self.checksum)  # pyright: ignore[reportArgumentType]  # a buffer
        if packet.size <= EMPTY_CUE or (start < 0 and start + (packet.duration or 0) <= 0):
            return
        if not self.packets:
            self.tick = float(packet.time_base or 0)
        self.last, self.end = start, start + (packet.duration or 0)
        self.packets += 1
        self.size += packet.size

    def holds(self, written: Tally) -> bool:
        """Whether everything of `written` is in what was counted here.

        Either number may differ with nothing lost: PCM is cut anew and some packets are merged into one;
        headers that the container replaces are gone.
        """
        return self.packets >= written.packets or self.size >= written.size

    def same_bytes(self, written: Tally) -> bool:
        """Whether nothing tells that other bytes are here than were `written`."""
        alike = self.all_size != written.all_size or self.checksum == written.checksum
        return alike or written.new_heads

    def moved(self, written: Tally, all_tracks: float) -> float:
        """Return by how many seconds the track ends elsewhere than `written` and moved with `all_tracks`.

        It is the smaller of two differences: packets may be cut anew, durations may be a container's guess.
        """
        if not self.packets or not written.tick:
            return 0.0
        pairs = ((self.last, written.last), (self.end, written.end))
        return min(abs(found * self.tick - made * written.tick - all_tracks) for found, made in pairs)
