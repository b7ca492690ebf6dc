"""The law of stitching: segments of any length at any times become all frames, in order, at their times."""

from __future__ import annotations

import tempfile
from array import array
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NoReturn

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reelbrush.errors import StitchError, StoreError
from reelbrush.media.encode import SegmentEncoder
from tests.media_out.making import (
    Work,
    encode_segments,
    ffmpeg,
    frames,
    manifest_of,
    picture,
    settings,
    shown,
)

SIZE = (48, 32)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ffmpeg(tmp_path_factory.mktemp("silent") / "silent.mp4", *picture("48x32", seconds=0.2))


def work(folder: Path, source: Path, lengths: list[int], times: list[int], last: int, base: Fraction) -> Work:
    manifest = manifest_of(times, last, lengths, base, settings(*SIZE))
    encode_segments(folder, manifest, frames(len(times), *SIZE))
    return Work(folder, source, manifest, array("q", times))


@hypothesis_settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_all_frames_in_order_at_their_times(silent: Path, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    base = data.draw(st.sampled_from([Fraction(1, 90000), Fraction(1, 1000), Fraction(1001, 30000)]))
    steps = data.draw(
        st.lists(st.integers(1, 4000), min_size=sum(lengths) - 1, max_size=sum(lengths) - 1), label="steps"
    )
    first = data.draw(st.integers(0, 100_000))
    times = list(accumulate([first, *steps]))
    with tempfile.TemporaryDirectory() as folder:
        job = work(Path(folder), silent, lengths, times, 700, base)
        stitched = job.stitch()
        assert stitched.frame_count == len(times)
        decoded = shown(stitched.path)
        assert [time for time, _ in decoded] == [(time - first) * base for time in times]
        alone = [
            image for index in range(len(lengths)) for _, image in shown(Path(folder) / f"{index:05d}.mp4")
        ]
        for (_, image), expected in zip(decoded, alone, strict=True):
            assert np.array_equal(image, expected)
        with av.open(str(stitched.path)) as container:
            stream = container.streams.video[0]
            order = [packet.dts for packet in container.demux(stream) if packet.dts is not None]
        assert all(after > before for before, after in pairwise(order))


def test_the_last_frame_keeps_its_duration(silent: Path, tmp_path: Path) -> None:
    job = work(tmp_path, silent, [20, 5], [index * 40 for index in range(25)], 1500, Fraction(1, 1000))
    with av.open(str(job.stitch().path)) as container:
        *_, last = container.decode(video=0)
        stream = container.streams.video[0]
        assert last.pts is not None and last.duration * last.time_base == Fraction(3, 2)
        assert stream.duration is not None and stream.time_base is not None
        assert stream.duration * stream.time_base == Fraction(96, 100) + Fraction(3, 2)


def test_two_frames_hours_apart_are_two_frames(silent: Path, tmp_path: Path) -> None:
    job = work(tmp_path, silent, [2], [0, 7_200_000_000], 40_000, Fraction(1, 1_000_000))
    assert [time for time, _ in shown(job.stitch().path)] == [0, 7200]


def test_stitching_twice_gives_the_same_bytes(silent: Path, tmp_path: Path) -> None:
    job = work(tmp_path, silent, [5, 7], [index * 3003 for index in range(12)], 3003, Fraction(1, 90000))
    first, second = job.stitch("one"), job.stitch("two")
    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()


def test_segments_are_opened_in_turn(silent: Path, tmp_path: Path) -> None:
    job = work(tmp_path, silent, [2, 2, 2], list(range(0, 600, 100)), 100, Fraction(1, 1000))
    job.stitch()
    assert job.opened == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "segment 1 cannot be read"),
        (b"\0" * 5000, "segment 1 cannot be read"),
        (None, "holds 2 frames instead of 3"),
    ],
)
def test_a_spoilt_segment_is_named_and_nothing_is_left(
    silent: Path, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    job = work(tmp_path, silent, [3, 3], list(range(0, 600, 100)), 100, Fraction(1, 1000))
    segment = tmp_path / "00001.mp4"
    if content is None:
        with SegmentEncoder(segment, settings(*SIZE)) as encoder:
            for frame in frames(2, *SIZE):
                encoder.write(frame)
    else:
        segment.write_bytes(content)
    with pytest.raises(StitchError, match=reason):
        job.stitch()
    assert not list((tmp_path / "out").iterdir())


def test_a_store_that_is_away_makes_no_segment_wrong(
    silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Work, index: int) -> NoReturn:
        raise StoreError("the store cannot be reached")

    job = work(tmp_path, silent, [3, 3], list(range(0, 600, 100)), 100, Fraction(1, 1000))
    monkeypatch.setattr(Work, "open_segment", away)
    with pytest.raises(StoreError):
        job.stitch()


def test_segments_of_other_settings_do_not_mix(silent: Path, tmp_path: Path) -> None:
    job = work(tmp_path, silent, [3, 3], list(range(0, 600, 100)), 100, Fraction(1, 1000))
    other = manifest_of(job.timestamps, 100, [3, 3], Fraction(1, 1000), settings(*SIZE, Fraction(50)))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    encode_segments(elsewhere, other, frames(6, *SIZE))
    (elsewhere / "00001.mp4").replace(tmp_path / "00001.mp4")
    with pytest.raises(StitchError, match="other settings"):
        job.stitch()
