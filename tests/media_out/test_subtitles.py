"""Subtitles: copied where the container takes them, converted only where nothing is lost."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.media_out.making import digests, ffmpeg, packets, paint, picture, tone, words

SRT = "1\n00:00:00,200 --> 00:00:00,700\nFirst line\n\n2\n00:00:01,000 --> 00:00:01,500\nSecond, two\nlines\n"


def test_timed_text_is_copied(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    source = ffmpeg(
        tmp_path / "in.mp4", *picture(), "-i", str(tmp_path / "a.srt"),
        *words("-map 0 -map 1 -c:s mov_text -metadata:s:s:0 language=deu"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    assert (stitched.extension, stitched.subtitle_tracks) == ("mp4", 1)
    assert packets(stitched.path, "subtitle") == packets(source, "subtitle")
    with av.open(str(source)) as before, av.open(str(stitched.path)) as after:
        assert after.streams.subtitles[0].language == "deu"
        old, new = before.streams.subtitles[0].codec_context, after.streams.subtitles[0].codec_context
        assert old.extradata and new.extradata and new.extradata.startswith(old.extradata)


def cues(path: Path) -> list[tuple[Fraction, str]]:
    found: list[tuple[Fraction, str]] = []
    for time, data in packets(path, "subtitle"):
        size = struct.unpack(">H", data[:2])[0] if path.suffix == ".mp4" else 0
        text = data[2 : 2 + size] if path.suffix == ".mp4" else data
        if text:
            found.append((time, text.decode()))
    return found


def test_plain_subtitles_become_timed_text(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    source = ffmpeg(
        tmp_path / "in.mkv",
        *picture(),
        "-i",
        str(tmp_path / "a.srt"),
        *words("-map 0 -map 1 -c:s srt"),
    )
    stitched = paint(tmp_path, source).stitch()
    assert (stitched.extension, stitched.subtitle_tracks) == ("mp4", 1)
    assert cues(stitched.path) == [
        (Fraction(2, 10), "First line"),
        (Fraction(1), "Second, two\nlines"),
    ]
    with av.open(str(stitched.path)) as container:
        stream = container.streams.subtitles[0]
        assert stream.codec_context.extradata, "players need the sample description"
        ends = [packet.pts + packet.duration for packet in container.demux(stream) if packet.size > 2]
        assert [end * stream.time_base for end in ends] == [Fraction(7, 10), Fraction(3, 2)]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (SRT.replace("First line", "<i>First</i> line"), "srt"),
        (SRT.replace("00:00:00,700", "00:00:01,200"), "srt"),
        (SRT, "ass"),
    ],
)
def test_subtitles_that_mp4_would_change_make_it_mkv(tmp_path: Path, text: str, codec: str) -> None:
    (tmp_path / "a.srt").write_text(text)
    source = ffmpeg(
        tmp_path / "in.mkv", *picture(), *tone(), "-i", str(tmp_path / "a.srt"),
        *words(f"-map 0 -map 1 -map 2 -c:a aac -c:s {codec}"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    assert stitched.extension == "mkv"
    assert any("MKV" in note for note in stitched.notes)
    assert packets(stitched.path, "subtitle") == packets(source, "subtitle")
    assert digests(stitched.path, "audio") == digests(source, "audio")


def test_timed_text_becomes_plain_where_the_sound_needs_mkv(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    source = ffmpeg(
        tmp_path / "in.mp4", *picture(), *tone(), "-i", str(tmp_path / "a.srt"),
        *words("-map 0 -map 1 -map 2 -c:a vorbis -ac 2 -strict -2 -c:s mov_text"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    assert stitched.extension == "mkv"
    assert [text for _, text in cues(stitched.path)] == ["First line", "Second, two\nlines"]


def test_fonts_stay_with_the_subtitles_that_need_them(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    (tmp_path / "font.ttf").write_bytes(b"\0\1\0\0" + bytes(100))
    source = ffmpeg(
        tmp_path / "in.mkv", *picture(), "-i", str(tmp_path / "a.srt"), "-attach", str(tmp_path / "font.ttf"),
        *words("-map 0 -map 1 -c:s ass -metadata:s:t mimetype=font/ttf"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    with av.open(str(stitched.path)) as container:
        (font,) = container.streams.attachments
        assert (font.name, font.mimetype, font.data) == ("font.ttf", "font/ttf", b"\0\1\0\0" + bytes(100))
