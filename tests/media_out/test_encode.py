"""Segments: the same bytes every time, every frame in its place, the colours that the settings name."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelbrush.job.manifest import Colour, EncodeSettings
from reelbrush.media.encode import SegmentEncoder
from tests.media_out.making import frames, settings, shown


def encode(path: Path, pictures: list[np.ndarray], chosen: EncodeSettings) -> Path:
    with SegmentEncoder(path, chosen) as encoder:
        for picture in pictures:
            encoder.write(picture)
        assert encoder.close() == len(pictures)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def parameter_sets(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return bytes(container.streams.video[0].codec_context.extradata or b"")


def test_same_frames_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here = encode(tmp_path / "here.mp4", frames(30), settings())
    code = (
        "import sys; from pathlib import Path; from tests.media_out.test_encode import encode;"
        "from tests.media_out.making import frames, settings;"
        "encode(Path(sys.argv[1]), frames(30), settings())"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there.mp4")], check=True, timeout=60)
    assert sha256(here) == sha256(tmp_path / "there.mp4")


@pytest.mark.parametrize("size", [(2, 2), (1, 1), (16, 16), (1024, 16), (65, 47), (64, 47), (640, 360)])
@pytest.mark.parametrize("count", [1, 2, 3, 25])
def test_every_frame_is_there_and_resembles_what_was_written(
    tmp_path: Path, size: tuple[int, int], count: int
) -> None:
    pictures = frames(count, *size)
    path = encode(tmp_path / "segment.mp4", pictures, settings(*size))
    decoded = shown(path)
    assert [time for time, _ in decoded] == [Fraction(index, 25) for index in range(count)]
    for (_, picture), written in zip(decoded, pictures, strict=True):
        assert picture.shape == written.shape
        error = np.square(picture.astype(np.float64) - written)[..., 1].mean()
        assert max(size) <= 16 or 10 * np.log10(65025 / max(error, 1e-9)) > 27


def test_parameter_sets_depend_on_the_settings_alone(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 48, 64, 3), dtype=np.uint8)
    sets = {
        parameter_sets(encode(tmp_path / f"{index}.mp4", pictures, settings()))
        for index, pictures in enumerate([frames(1), frames(50), list(noise), frames(2, seed=9)])
    }
    assert len(sets) == 1
    assert parameter_sets(encode(tmp_path / "x.mp4", frames(2), settings(rate=Fraction(50)))) not in sets


def test_the_bitstream_names_colour_and_shape(tmp_path: Path) -> None:
    chosen = replace(
        settings(),
        colour=Colour(9, 9, 14, False),
        sample_aspect_ratio=Fraction(16, 11),
        time_base=Fraction(1, 30),
    )
    path = encode(tmp_path / "segment.mp4", frames(4), chosen)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (
            9,
            9,
            14,
            1,
        )
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 11)
        assert context.pix_fmt == "yuv420p"


@pytest.mark.parametrize(("matrix", "luma"), [(1, 63), (6, 81), (9, 74)])
def test_red_has_the_luma_of_its_matrix(tmp_path: Path, matrix: int, luma: int) -> None:
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 255
    path = encode(tmp_path / "red.mp4", [red], replace(settings(), colour=Colour(matrix, 2, 2, False)))
    with av.open(str(path)) as container:
        plane = next(container.decode(video=0)).planes[0]
        assert abs(int(np.frombuffer(memoryview(plane), np.uint8)[0]) - luma) <= 1


def test_chroma_is_sited_left(tmp_path: Path) -> None:
    """A colour edge between columns 31 and 32: chroma changes there too."""
    edge = np.full((48, 64, 3), 128, np.uint8)
    edge[:, :32] = (200, 90, 60)
    edge[:, 32:] = (60, 90, 200)
    path = encode(tmp_path / "edge.mp4", [edge], replace(settings(), crf=0))
    with av.open(str(path)) as container:
        plane = next(container.decode(video=0)).planes[1]
        row = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[12, :32].astype(int)
    low, high = row[0], row[31]
    position = np.interp((low + high) / 2, row[13:19], np.arange(13, 19))
    assert abs((position * 2) - 31.5) < 0.3  # chroma sample k lies on luma column 2 k


def test_packets_come_in_display_order(tmp_path: Path) -> None:
    path = encode(tmp_path / "segment.mp4", frames(25), settings())
    with av.open(str(path)) as container:
        times = [(packet.pts, packet.dts) for packet in container.demux(video=0) if packet.size]
    assert times == [(512 * index, 512 * index) for index in range(25)]


def test_a_failed_segment_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "segment.mp4"
    with pytest.raises(RuntimeError), SegmentEncoder(path, settings()) as encoder:
        encoder.write(frames(1)[0])
        raise RuntimeError
    assert not path.exists()
    with pytest.raises(ValueError, match="at least one frame"), SegmentEncoder(path, settings()):
        pass
    assert not path.exists()


def test_wrong_pictures_and_settings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "segment.mp4"
    with pytest.raises(ValueError, match="expected"), SegmentEncoder(path, settings()) as encoder:
        encoder.write(np.zeros((48, 63, 3), np.uint8))
    for wrong in (
        replace(settings(), width=63),
        replace(settings(), codec="libx265"),
        replace(settings(), colour=Colour(0, 2, 2, False)),
    ):
        with pytest.raises(ValueError):
            SegmentEncoder(path, wrong)
