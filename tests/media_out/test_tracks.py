"""What else a source holds comes along untouched: sound, subtitles, chapters, words, pictures, timecode."""

from __future__ import annotations

import hashlib
import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from reelbrush.media.stitch import stitch
from tests.media_out.making import digests, ffmpeg, packets, paint, picture, shown, tone, words

TWO_TONES = [*picture(), *tone(440), *tone(660)]


def first_sound(path: Path, number: int = 0) -> Fraction:
    """Seconds from the first picture to the first audible sample (edit lists and skipped samples applied)."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[number]
        for frame in container.decode(stream):
            assert frame.pts is not None and frame.time_base is not None
            return frame.pts * frame.time_base - shown(path)[0][0]
    raise AssertionError("no sound")


def sound_times(path: Path) -> list[Fraction]:
    return [time for time, _ in packets(path, "audio")]


def boxes(path: Path) -> list[bytes]:
    data, position, names = path.read_bytes(), 0, []
    while position < len(data):
        size, name = struct.unpack_from(">I4s", data, position)
        names.append(name)
        position += size
    return names


def test_sound_is_copied_bit_by_bit_with_its_words(tmp_path: Path) -> None:
    source = ffmpeg(
        tmp_path / "in.mp4", *TWO_TONES, *words("-map 0 -map 1 -map 2 -c:v libx264 -c:a aac"),
        *words("-metadata:s:a:0 language=eng -metadata:s:a:1 language=fra"),
        *words("-metadata:s:a:1 title=Kommentar"),
        *words("-disposition:a:0 0 -disposition:a:1 default"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    assert (stitched.extension, stitched.audio_tracks, stitched.notes) == ("mp4", 2, ())
    assert stitched.size == stitched.path.stat().st_size
    assert stitched.sha256 == hashlib.sha256(stitched.path.read_bytes()).hexdigest()
    for number in range(2):
        assert digests(stitched.path, "audio", number) == digests(source, "audio", number)
        assert first_sound(stitched.path, number) == first_sound(source, number)
    assert packets(stitched.path, "audio") == packets(source, "audio")
    with av.open(str(stitched.path)) as container:
        tracks = container.streams.audio
        assert [track.language for track in tracks] == ["eng", "fra"]
        assert [bool(track.disposition & Disposition.default) for track in tracks] == [False, True]
        assert tracks[1].metadata["name"] == "Kommentar"  # how FFmpeg reads an MP4 track's title
    names = boxes(stitched.path)
    assert names.index(b"moov") < names.index(b"mdat")


@pytest.mark.parametrize("delay", ["0.5", "0.0437", "-0.3"])
def test_the_offset_of_sound_is_exact(tmp_path: Path, delay: str) -> None:
    source = ffmpeg(
        tmp_path / "in.mp4",
        *picture(),
        "-itsoffset",
        delay,
        *tone(),
        *words("-map 0 -map 1 -c:a aac"),
    )
    stitched = paint(tmp_path, source).stitch()
    assert abs(first_sound(stitched.path) - first_sound(source)) <= Fraction(1, 12800)


def test_sound_may_be_longer_or_shorter(tmp_path: Path) -> None:
    for name, seconds in (("longer", 4.0), ("shorter", 0.7)):
        source = ffmpeg(tmp_path / f"{name}.mp4", *picture(), *tone(seconds=seconds), "-c:a", "aac")
        stitched = paint(tmp_path, source).stitch(name)
        assert packets(stitched.path, "audio") == packets(source, "audio")
        assert len(shown(stitched.path)) == 50


def test_a_source_that_starts_at_ten_seconds_starts_at_zero(tmp_path: Path) -> None:
    (tmp_path / "chapters.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=11000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=11000\nEND=12000\ntitle=Two\n"
    )
    source = ffmpeg(
        tmp_path / "in.mkv", *picture(), *tone(), "-i", str(tmp_path / "chapters.txt"),
        *words("-map 0 -map 1 -map_chapters 2 -c:a ac3 -output_ts_offset 10"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    assert stitched.extension == "mp4"
    assert [time for time, _ in shown(stitched.path)] == [Fraction(index, 25) for index in range(50)]
    assert first_sound(stitched.path) == first_sound(source)
    assert digests(stitched.path, "audio") == digests(source, "audio")
    times = [time for time, _ in packets(stitched.path, "audio")]
    assert times == [times[0] + Fraction(1536 * index, 48000) for index in range(len(times))], (
        "no jitter of 1 ms"
    )
    with av.open(str(source)) as before, av.open(str(stitched.path)) as after:
        moved = [Fraction(part["start"]) * (part["time_base"] or 1) for part in after.chapters()]
        starts = [Fraction(part["start"]) * (part["time_base"] or 1) for part in before.chapters()]
        assert moved == [max(Fraction(0), start - 10) for start in starts] == [0, 1]


def test_words_and_chapters_stay(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(
        ";FFMETADATA1\ntitle=Título 日本\nartist=A\ncomment=b\\=c\ndate=2001-02-03\n"
        "creation_time=2001-02-03T04:05:06Z\nlocation=+48.8584+002.2945/\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=Un\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Deux\n"
    )
    source = ffmpeg(
        tmp_path / "in.mp4", *picture(), "-i", str(tmp_path / "words.txt"),
        *words("-map 0 -map_metadata 1 -map_chapters 1"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    with av.open(str(source)) as before, av.open(str(stitched.path)) as after:
        for key in ("title", "artist", "comment", "date", "creation_time", "location"):
            assert after.metadata[key] == before.metadata[key]
        assert "encoder" not in after.metadata
        assert [part["metadata"] for part in after.chapters()] == [{"title": "Un"}, {"title": "Deux"}]
        ticks = [Fraction(part["start"]) * (part["time_base"] or 1) for part in after.chapters()]
        assert ticks == [0, 1]
    assert stitched.notes == ()


def test_a_first_chapter_that_starts_late_starts_late(tmp_path: Path) -> None:
    (tmp_path / "chapters.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=2000\ntitle=Two\n"
    )
    source = ffmpeg(
        tmp_path / "in.mkv",
        *picture(),
        "-i",
        str(tmp_path / "chapters.txt"),
        *words("-map 0 -map_chapters 1"),
    )
    with av.open(str(paint(tmp_path, source).stitch().path)) as container:
        (chapter,) = container.chapters()
        assert chapter["start"] * (chapter["time_base"] or 1) == Fraction(1, 2)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_cover_art_stays_and_is_never_the_video(tmp_path: Path, suffix: str) -> None:
    codec = "aac" if suffix == "mp4" else "vorbis"
    image = ffmpeg(tmp_path / "cover.png", *picture("200x100", seconds=0.04), "-frames:v", "1")
    source = ffmpeg(
        tmp_path / "in.mp4", *picture(), "-i", str(image), *tone(), *words("-map 0 -map 1 -map 2"),
        *words(f"-c:v:0 libx264 -c:v:1 png -disposition:v:1 attached_pic -c:a {codec}"),
        *words("-ac 2 -strict -2"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    assert stitched.extension == suffix
    with av.open(str(source)) as before, av.open(str(stitched.path)) as after:
        pictures = [stream for stream in after.streams.video if stream.disposition & Disposition.attached_pic]
        assert len(pictures) == 1 and len(after.streams.video) == 2
        cover = next(bytes(packet) for packet in after.demux(pictures[0]) if packet.size)
        original = next(bytes(packet) for packet in before.demux(before.streams.video[1]) if packet.size)
        assert cover == original


def test_a_cover_costs_no_early_sound(tmp_path: Path) -> None:
    image = ffmpeg(tmp_path / "cover.jpg", *picture("200x100", seconds=0.04), "-frames:v", "1")
    source = ffmpeg(
        tmp_path / "in.mkv", "-itsoffset", "2", *picture(), *tone(seconds=4), "-attach", str(image),
        *words("-map 0 -map 1 -metadata:s:t mimetype=image/jpeg -metadata:s:t filename=cover.jpg -g 10"),
        *words("-c:v libx264 -c:a vorbis -ac 2 -strict -2"),
    )  # fmt: skip
    stitched = paint(tmp_path, source).stitch()
    assert stitched.extension == "mkv"
    with av.open(str(stitched.path)) as container:
        assert len(container.streams.video) == 2
    assert digests(stitched.path, "audio") == digests(source, "audio")
    assert first_sound(stitched.path) == first_sound(source) <= -2


def test_the_timecode_stays(tmp_path: Path) -> None:
    source = ffmpeg(tmp_path / "in.mov", *picture(), *words("-timecode 01:02:03:04 -c:v libx264"))
    stitched = paint(tmp_path, source).stitch()
    assert stitched.extension == "mp4"
    with av.open(str(stitched.path)) as container:
        assert container.streams.video[0].metadata["timecode"] == "01:02:03:04"


@pytest.mark.parametrize(
    ("name", "codec", "extension"),
    [
        ("in.mov", "pcm_s24le", "mov"),
        ("in.mkv", "pcm_s16le", "mkv"),
        ("in.avi", "mp3", "mp4"),
        ("in.ts", "mp2", "mp4"),
        ("in.ts", "aac", "mp4"),
        ("in.webm", "libopus", "mp4"),
        ("in.mkv", "flac", "mp4"),
        ("in.avi", "flac", "mp4"),
        ("in.mkv", "vorbis", "mkv"),
        ("in.mkv", "truehd", "mkv"),
    ],
)
def test_the_container_follows_the_sound(tmp_path: Path, name: str, codec: str, extension: str) -> None:
    video = "libvpx-vp9" if name.endswith("webm") else "mpeg4"
    source = ffmpeg(
        tmp_path / name, *picture(), *tone(), "-c:v", video, "-c:a", codec, "-ac", "2", "-strict", "-2"
    )
    job = paint(tmp_path, source)
    stitched = job.stitch()
    assert stitched.extension == extension
    if codec == "aac":  # ADTS headers give way to the container's description
        assert len(digests(stitched.path, "audio")) == len(digests(source, "audio"))
    elif not codec.startswith("pcm"):
        assert digests(stitched.path, "audio") == digests(source, "audio")
        lengths = [times[-1] - times[0] for times in map(sound_times, (stitched.path, source))]
        assert abs(lengths[0] - lengths[1]) <= Fraction(2, 1000)
    else:
        joined = [b"".join(data for _, data in packets(path, "audio")) for path in (stitched.path, source)]
        assert joined[0] == joined[1]
    before = first_sound(source) if name.endswith(("avi", "mov")) else None
    assert before is None or abs(first_sound(stitched.path) - before) < Fraction(1, 1000)
    assert job.stitch("again").sha256 == stitched.sha256


def test_packets_whose_heads_the_container_writes_anew_pass(tmp_path: Path) -> None:
    source = ffmpeg(tmp_path / "in.nut", *picture(), *tone(), *words("-c:v mpeg4 -c:a wavpack"))
    stitched = paint(tmp_path, source).stitch()
    waves: list[np.ndarray] = []
    for path in (source, stitched.path):
        with av.open(str(path)) as container:
            waves.append(np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)]))
    assert np.array_equal(*waves)


def test_sound_that_nothing_holds_is_converted_without_loss(tmp_path: Path) -> None:
    source = ffmpeg(
        tmp_path / "in.flv",
        *picture(),
        *tone(rate=22050),
        *words("-c:v flv -c:a adpcm_swf -ar 22050"),
    )
    stitched = paint(tmp_path, source).stitch()
    assert stitched.extension == "mkv" and any("FLAC" in note for note in stitched.notes)
    waves: list[np.ndarray] = []
    for path in (source, stitched.path):
        with av.open(str(path)) as container:
            waves.append(np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)]))
    assert np.array_equal(*waves)


@pytest.mark.parametrize("lost", [(5, 6), (5, 20)])
def test_sound_that_is_converted_stays_in_time_after_a_loss(tmp_path: Path, lost: tuple[int, int]) -> None:
    source = ffmpeg(
        tmp_path / "in.flv", *picture(seconds=6), "-f", "lavfi",
        "-i", "aevalsrc=0.5*gt(t\\,5):d=6:s=22050", *words("-c:v flv -c:a adpcm_swf -ar 22050"),
    )  # fmt: skip
    job = paint(tmp_path, source)
    job.source = without_sound_tags(source, tmp_path / "lossy.flv", range(*lost))
    onsets: list[float] = []
    for path in (job.source, job.stitch().path):
        with av.open(str(path)) as container:
            for frame in container.decode(audio=0):
                loud = np.flatnonzero(np.abs(frame.to_ndarray().ravel().astype(int)) > 1000)
                if loud.size:
                    onsets.append(float((frame.time or 0) + loud[0] / frame.sample_rate))
                    break
    assert abs(onsets[0] - 5) < 0.1
    assert abs(onsets[1] - onsets[0]) < 0.003


def test_sound_that_is_converted_goes_on_after_a_clock_started_anew(tmp_path: Path) -> None:
    parts = [
        ffmpeg(
            tmp_path / f"{start}.flv", *picture(), *tone(rate=22050),
            *words(f"-c:v flv -c:a adpcm_swf -ar 22050 -output_ts_offset {start}"),
        )
        for start in (30000, 0)
    ]  # fmt: skip
    job = paint(tmp_path, parts[0])
    job.source = tmp_path / "both.flv"
    job.source.write_bytes(parts[0].read_bytes() + parts[1].read_bytes()[13:])
    times = sound_times(job.stitch().path)
    assert 3.5 < times[-1] - times[0] < 4.5


def without_sound_tags(source: Path, target: Path, lost: range) -> Path:
    """Copy an FLV file without some of its packets of sound (tag type 8)."""
    data = source.read_bytes()
    kept, at, number = bytearray(data[:13]), 13, 0
    while at + 11 < len(data):
        end = at + 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
        sound = data[at] == 8
        if not (sound and number in lost):
            kept += data[at:end]
        number += sound
        at = end
    target.write_bytes(kept)
    return target


def test_other_videos_and_data_are_named_in_the_notes(tmp_path: Path) -> None:
    source = ffmpeg(
        tmp_path / "in.mp4",
        *picture(),
        *picture("32x32"),
        *words("-map 0 -map 1 -disposition:v:1 0"),
    )
    stitched = paint(tmp_path, source).stitch()
    assert stitched.notes == ("track 1 was dropped: only the main video is painted",)


def test_a_source_cut_off_keeps_what_it_has(tmp_path: Path) -> None:
    whole = ffmpeg(tmp_path / "whole.mp4", *picture(), *tone(), *words("-c:a aac -movflags +faststart -g 10"))
    job = paint(tmp_path, whole)
    job.source = tmp_path / "cut.mp4"
    job.source.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    stitched = job.stitch()
    assert len(shown(stitched.path)) == 50
    kept = digests(stitched.path, "audio")
    assert any("left out" in note or "cut off" in note for note in stitched.notes)
    assert 0 < len(kept) < len(digests(whole, "audio"))
    assert kept == digests(whole, "audio")[: len(kept)]


def test_damaged_sound_costs_only_itself(tmp_path: Path) -> None:
    whole = ffmpeg(tmp_path / "whole.ts", *picture(), *tone(), *words("-c:a aac"))
    job = paint(tmp_path, whole)
    data = bytearray(whole.read_bytes())
    for position in range(4, len(data), 188):
        pid = int.from_bytes(data[position - 3 : position - 1], "big") & 0x1FFF
        if pid == 257 and position % 5 == 0:  # some payload of the sound
            data[position + 40 : position + 80] = bytes(40)
    job.source = tmp_path / "damaged.ts"
    job.source.write_bytes(data)
    stitched = job.stitch()
    assert len(shown(stitched.path)) == 50
    assert stitched.audio_tracks == 1


@pytest.mark.parametrize("offset", [10, 30000])
def test_sound_goes_on_after_a_clock_started_anew(tmp_path: Path, offset: int) -> None:
    parts = [
        ffmpeg(tmp_path / f"{start}.ts", *picture(), *tone(), *words(f"-c:a mp2 -output_ts_offset {start}"))
        for start in (offset, 0)
    ]
    job = paint(tmp_path, parts[0])
    job.source = tmp_path / "both.ts"
    job.source.write_bytes(parts[0].read_bytes() + parts[1].read_bytes())
    times = sound_times(job.stitch().path)
    assert len(times) == sum(len(sound_times(part)) for part in parts)
    assert {after - before for before, after in pairwise(times)} == {Fraction(1152, 48000)}


def test_progress_counts_every_frame(tmp_path: Path) -> None:
    source = ffmpeg(tmp_path / "in.mp4", *picture(seconds=1))
    job = paint(tmp_path, source)
    calls: list[tuple[int, int]] = []
    stitch(
        lambda: source.open("rb"),
        job.manifest,
        job.timestamps,
        job.open_segment,
        tmp_path,
        on_progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(index, 25) for index in range(1, 26)]
