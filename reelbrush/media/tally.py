"""How much of a track was written, and how much of it is found again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from av.packet import Packet

EMPTY_CUE = 2  # bytes of the MP4 timed text samples that fill the gaps between cues


@dataclass
class Tally:
    """The packets of one track that a player gets to: those that end after time 0 and hold something."""

    packets: int = 0
    size: int = 0  # bytes

    def count(self, packet: Packet[Any]) -> None:
        """Add a packet at its time in the output."""
        start = packet.pts or 0
        if packet.size <= EMPTY_CUE or (start < 0 and start + (packet.duration or 0) <= 0):
            return
        self.packets += 1
        self.size += packet.size

    def holds(self, written: Tally) -> bool:
        """Whether everything of `written` is in what was counted here.

        Either number may differ with nothing lost: PCM is cut anew and some packets are merged into one;
        headers that the container replaces are gone.
        """
        return self.packets >= written.packets or self.size >= written.size
