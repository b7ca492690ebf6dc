"""What watches the other tracks tells lost and moved sound from what odd sources do themselves."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.packet import Packet

from reelbrush.errors import StitchError
from reelbrush.media.carry import Carrier, Lane, carrier
from reelbrush.media.witness import check_dropped, witnessed
from tests.media_out.making import ffmpeg, paint, picture, tone, words


@contextmanager
def sound(tmp_path: Path, name: str = "in.mkv") -> Generator[tuple[Lane, list[Packet[Any]]]]:
    """A lane from a source with AAC into an MP4, and the source's packets."""
    path = ffmpeg(tmp_path / name, *picture(seconds=0.2), *tone(seconds=3.0), "-c:a", "aac")
    with ExitStack() as stack:
        source = stack.enter_context(av.open(str(path)))
        output = stack.enter_context(av.open(str(tmp_path / "out.mp4"), "w"))
        (track,) = source.streams.audio
        made = output.add_stream_from_template(track, opaque=True)
        output.start_encoding()
        yield Lane(track, made, "copy", Fraction(0)), [p for p in source.demux(track) if p.size]


def later(packets: list[Packet[Any]], first: int, seconds: float) -> None:
    """Let the source tell later times from a packet on."""
    for packet in packets[first:]:
        assert packet.pts is not None and packet.time_base is not None
        packet.pts += round(seconds / float(packet.time_base))


def moved(lane: Lane, carry: Carrier, packets: list[Packet[Any]]) -> list[float]:
    """Return by how many seconds each packet lies elsewhere than its source says."""
    told = [float((packet.pts or 0) * (packet.time_base or 0)) for packet in packets]
    made = [carry(packet)[0] for packet in packets]
    tick = float(lane.output.time_base or 0)
    return [(packet.pts or 0) * tick - time for packet, time in zip(made, told, strict=True)]


@pytest.mark.parametrize("seconds", [-0.03, -0.045, -0.06, -0.3, -0.9])
def test_sound_that_goes_back_a_little_waits_until_that_is_over(tmp_path: Path, seconds: float) -> None:
    with sound(tmp_path) as (lane, packets):
        later(packets, 60, seconds)
        found = moved(lane, witnessed(lane, carrier(lane)), packets)
        assert max(map(abs, found[:60])) < 0.003
        assert abs(found[-1]) < 0.02


@pytest.mark.parametrize("seconds", [-2.0, 0.03, 0.5, 30.0])
def test_other_leaps_of_the_source_pass(tmp_path: Path, seconds: float) -> None:
    with sound(tmp_path) as (lane, packets):
        later(packets, 60, seconds)
        moved(lane, witnessed(lane, carrier(lane)), packets)


def test_late_and_early_packets_pass(tmp_path: Path) -> None:
    with sound(tmp_path) as (lane, packets):
        for number, packet in enumerate(packets):
            packet.pts = (packet.pts or 0) + (0, 45, -20, 30, -45)[number % 5]  # milliseconds
        moved(lane, witnessed(lane, carrier(lane)), packets)


@pytest.mark.parametrize("first", [0, 1, 60])
@pytest.mark.parametrize("seconds", [0.03, -0.03, 0.4])
def test_sound_that_is_carried_to_another_time_is_noticed(tmp_path: Path, first: int, seconds: float) -> None:
    with sound(tmp_path) as (lane, packets):
        carry, calls = carrier(lane), 0

        def wrong(packet: Packet[Any] | None) -> list[Packet[Any]]:
            nonlocal calls
            made, calls = carry(packet), calls + 1
            for one in made if calls > first else ():
                one.pts = (one.pts or 0) + round(seconds * 48000)
            return made

        with pytest.raises(StitchError, match="moves by"):
            moved(lane, witnessed(lane, wrong), packets)


def _without_sound(flv: bytes) -> bytes:
    """Leave so little of every tag of sound that none decodes (Adobe Flash Video Specification, annex E)."""
    made, at = bytearray(flv[:13]), 13
    while at + 15 <= len(flv):
        end = at + 11 + int.from_bytes(flv[at + 1 : at + 4], "big")
        tag = flv[at:end]
        if tag[0] == 8:
            tag = tag[:1] + b"\0\0\4" + tag[4:15]
        made += tag + len(tag).to_bytes(4, "big")
        at = end + 4
    return bytes(made)


def test_a_track_that_does_not_decode_is_silent_and_the_film_goes_on(tmp_path: Path) -> None:
    path = ffmpeg(
        tmp_path / "in.flv", *picture(), *tone(rate=22050), *words("-c:v flv -c:a nellymoser -ar 22050")
    )
    work = paint(tmp_path, path)
    path.write_bytes(_without_sound(path.read_bytes()))
    stitched = work.stitch()
    assert any("is silent: none of its sound decodes" in note for note in stitched.notes)
    assert stitched.frame_count == 50


def test_tracks_that_vanish_unsaid_are_noticed() -> None:
    check_dropped(carried=1, tracks=2, notes=1, has_audio=True, audio=1)
    check_dropped(carried=0, tracks=1, notes=1, has_audio=True, audio=0)  # no container takes its only sound
    with pytest.raises(StitchError):
        check_dropped(carried=1, tracks=2, notes=0, has_audio=True, audio=1)
    with pytest.raises(StitchError):
        check_dropped(carried=0, tracks=0, notes=0, has_audio=True, audio=0)
