"""Playlists as text: exact durations, a constant target, the tags that players need."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.hls.codecs import codec_string
from reelbrush.hls.playlist import Entry, media_playlist, target_duration


def entries(durations: list[int], first: int = 0) -> list[Entry]:
    starts = list(accumulate(durations, initial=first))
    return [Entry(f"{i}.m4s", a, b - a) for i, (a, b) in enumerate(pairwise(starts))]


def told(playlist: str) -> list[Fraction]:
    lines = playlist.splitlines()
    return [Fraction(line[8:-1]) for line in lines if line.startswith("#EXTINF:")]


def test_a_growing_and_a_closed_playlist() -> None:
    parts = entries([48048, 48048, 10010], 90)
    growing = media_playlist(parts[:2], 24000, 2, "init.mp4?v=g", ended=False)
    assert growing.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES",
        '#EXT-X-MAP:URI="init.mp4?v=g"',
        "#EXTINF:2.002000,",
        "0.m4s",
        "#EXTINF:2.002000,",
        "1.m4s",
    ]
    closed = media_playlist(parts, 24000, 2, "init.mp4?v=g", ended=True)
    assert closed == growing + "#EXTINF:0.417083,\n2.m4s\n#EXT-X-ENDLIST\n"


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=60),
    st.integers(0, 10**9),
    st.sampled_from([1000, 12800, 30000, 90000, 1_000_000]),
)
def test_durations_are_exact_to_the_microsecond_and_so_is_their_sum(
    durations: list[int], first: int, scale: int
) -> None:
    seconds = told(media_playlist(entries(durations, first), scale, 9, "i", ended=True))
    micro = Fraction(1, 1_000_000)
    assert all(abs(s - Fraction(d, scale)) <= micro for s, d in zip(seconds, durations, strict=True))
    assert abs(sum(seconds) - Fraction(sum(durations), scale)) <= micro


@given(st.lists(st.integers(1, 10**7), min_size=1), st.sampled_from([1000, 30000, 1_000_000]))
def test_no_segment_rounds_to_more_than_the_target(durations: list[int], scale: int) -> None:
    target = target_duration(durations, scale)
    assert all(Fraction(d, scale) < target + Fraction(1, 2) for d in durations)
    assert target == 1 or any(Fraction(d, scale) >= target - Fraction(1, 2) for d in durations)


def test_codecs_are_called_as_browsers_do() -> None:
    assert codec_string(bytes.fromhex("0164001effe1001b")) == "avc1.64001e"
    assert codec_string(bytes.fromhex("01f4000dffe1001b")) == "avc1.f4000d"


@pytest.mark.parametrize("extradata", [b"", b"\x00\x00\x00\x01\x67\x64\x00\x1e", b"\x01\x64\x00"])
def test_what_is_no_decoder_configuration_has_no_codec_string(extradata: bytes) -> None:
    with pytest.raises(ValueError, match="AVC"):
        codec_string(extradata)
