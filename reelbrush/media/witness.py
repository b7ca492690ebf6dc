"""A second look at what the carriers do: whether every track's packets arrive, and when they should."""

from __future__ import annotations

from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from reelbrush.errors import StitchError
from reelbrush.media.carry import Carrier, Lane
from reelbrush.media.tally import EMPTY_CUE

NOTICED = 0.02  # seconds by which sound may be moved against the source
_TOUCH = 0.05  # seconds within which a packet follows the one before it: no jump of the source's clock


def witnessed(lane: Lane, carry: Carrier) -> Carrier:
    """Return `carry`, watched: it raises StitchError when sound is lost or moved, or all cues of a track are.

    Sound that is encoded anew is held to nothing but being there, where it decodes.
    """
    if lane.source.type == "audio" and lane.action == "copy":
        return _in_time(lane, carry)
    if lane.source.type in ("audio", "subtitle"):
        return _there(lane, carry)
    return carry


def _in_time(lane: Lane, carry: Carrier) -> Carrier:
    tick, origin = float(lane.source.time_base or 0), float(lane.origin)
    made_tick = float(lane.output.time_base or 0)
    slack = max(NOTICED, 2 * tick)
    before = 0.0  # when the packet before this one ended, in seconds of the source
    moved = 0.0  # how much later than the source said, in seconds
    previous: int | None = None  # output ticks, start of the packet before this one

    def watch(packet: Packet[Stream] | None) -> list[Packet[Stream]]:
        nonlocal before, moved, previous
        if packet is None:
            return carry(None)
        time, length = packet.pts if packet.pts is not None else packet.dts, packet.duration or 0
        made = carry(packet)
        if len(made) != 1:
            raise StitchError(f"a packet of the source's track {lane.source.index} became {len(made)}")
        if time is None:
            return made
        start = time * tick
        placed = made[0].pts or 0
        now = placed * made_tick - (start - origin)
        if previous is not None and placed - previous <= 1 and now > moved + slack:
            previous = placed
            return made  # the source goes back a little: such packets wait, squeezed, until it is past that
        leapt = previous is not None and abs(start - before) > _TOUCH
        if not leapt and abs(now - moved) > slack:
            raise StitchError(
                f"sound of the source's track {lane.source.index} moves by {now - moved:.3f} s at {start:.2f}"
            )
        # what coarse ticks add up to is no move; only a leap of the source's clock is one
        moved = now if leapt else moved
        before, previous = start + length * tick, placed
        return made

    return watch


def _there(lane: Lane, carry: Carrier) -> Carrier:
    tick = lane.source.time_base or Fraction(1, 1000)
    begin = lane.origin + (lane.output.time_base or 0)  # what ends within a tick may be rounded away
    blank = b"\0\0" if lane.source.codec_context.codec.canonical_name == "mov_text" else None
    offered = made = 0

    def watch(packet: Packet[Stream] | None) -> list[Packet[Stream]]:
        nonlocal offered, made
        if packet is not None and packet.pts is not None and packet.size > EMPTY_CUE:
            says = bytes(packet)[:2] != blank  # timed text may style a gap
            offered += says and (packet.pts + (packet.duration or 0)) * tick > begin
        packets = carry(packet)
        made += len(packets)
        if packet is None and offered > lane.damage.packets and not made:
            raise StitchError(
                f"nothing is left of {offered} packets of the source's track {lane.source.index}"
            )
        return packets

    return watch


def check_dropped(carried: int, tracks: int, notes: int, has_audio: bool | None, audio: int) -> None:
    """Raise StitchError when some of the source's `tracks` of sound and words vanished unsaid.

    `notes` say of how many tracks that they were dropped.
    """
    if tracks - carried > notes or (has_audio and not audio and not notes):
        raise StitchError(f"{carried} of {tracks} tracks are carried, and nothing says why")
