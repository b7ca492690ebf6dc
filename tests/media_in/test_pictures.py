"""Colours are right within two levels for every pixel format, matrix and range; geometry is upright."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from reelbrush.job.manifest import Colour
from reelbrush.media.colour import output_colour, usual_matrix
from reelbrush.media.orient import Orientation, orientation
from reelbrush.media.picture import Developer, on_black
from tests.media import ffmpeg
from tests.media_in.making import clip, pictures, split

WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 6: (0.299, 0.114), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
WIDTH, HEIGHT = 48, 32
CODECS = {"rgb24": "qtrle", "rgba": "png", "argb": "qtrle", "rgb48be": "png", "pal8": "png"}


def smooth_planes(bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Code values (HEIGHT, WIDTH) of luma and two chroma planes without hard edges."""
    x = np.linspace(0, 1, WIDTH)[None, :] * np.ones((HEIGHT, 1))
    y = np.linspace(0, 1, HEIGHT)[:, None] * np.ones((1, WIDTH))
    top = 2**bits - 1
    return np.rint((0.2 + 0.6 * x) * top), np.rint((0.35 + 0.3 * y) * top), np.rint((0.6 - 0.2 * x) * top)


def frame_444(planes: tuple[np.ndarray, ...], bits: int, name: str) -> VideoFrame:
    frame = VideoFrame(WIDTH, HEIGHT, name)
    for plane, values in zip(frame.planes, planes, strict=True):
        words = values.astype("<u2" if bits > 8 else "u1")
        rows = np.zeros((HEIGHT, plane.line_size // words.itemsize), words.dtype)
        rows[:, :WIDTH] = words
        plane.update(rows.tobytes())
    return frame


def expected_rgb(planes: tuple[np.ndarray, ...], bits: int, matrix: int, full: bool) -> np.ndarray:
    """ITU-T H.273 equations, in floating point."""
    luma, cb, cr = (np.asarray(plane, np.float64) for plane in planes)
    scale = 2 ** (bits - 8)
    top, grey = 2**bits - 1, 128 * scale
    if full:
        luma, cb, cr = luma * 255 / top, (cb - grey) * 255 / top, (cr - grey) * 255 / top
    else:
        luma, cb, cr = (
            (luma / scale - 16) * 255 / 219,
            (cb - grey) / scale * 255 / 224,
            (cr - grey) / scale * 255 / 224,
        )
    kr, kb = WEIGHTS[matrix]
    red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    return np.stack([red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue], -1).clip(0, 255)


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("name", "bits"), [("yuv444p", 8), ("yuv444p10le", 10), ("yuv444p12le", 12)])
def test_matrix_and_range(matrix: int, full: bool, name: str, bits: int) -> None:
    planes = smooth_planes(bits)
    developer = Developer(Colour(matrix, 1, 1, full), WIDTH, HEIGHT, Orientation())
    picture = developer.develop(frame_444(planes, bits, name))
    assert np.abs(picture - expected_rgb(planes, bits, matrix, full)).max() <= 2


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("name", "bits"), [("gray", 8), ("gray10le", 10), ("gray16le", 16)])
def test_gray(full: bool, name: str, bits: int) -> None:
    luma = smooth_planes(bits)[0]
    picture = Developer(Colour(6, 6, 6, full), WIDTH, HEIGHT, Orientation()).develop(
        frame_444((luma,), bits, name)
    )
    grey = np.full_like(luma, 2 ** (bits - 1))
    assert np.abs(picture - expected_rgb((luma, grey, grey), bits, 6, full)).max() <= 1


def test_subsampled_chroma_is_interpolated() -> None:
    luma = np.full((HEIGHT, WIDTH), 128)
    ramp = np.rint(np.linspace(60, 200, WIDTH // 2))[None, :] * np.ones((HEIGHT // 2, 1))
    frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, values in zip(frame.planes, (luma, ramp, np.full_like(ramp, 128)), strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : plane.width] = values
        plane.update(rows.tobytes())
    blue = Developer(Colour(6, 6, 6, False), WIDTH, HEIGHT, Orientation()).develop(frame)[HEIGHT // 2, :, 2]
    assert np.diff(blue[4:-4].astype(int)).max() < 8  # repeating each chroma sample would jump by 12


@pytest.mark.parametrize("name", CODECS)
def test_rgb_sources_pass_unchanged(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path / "clip.mov", "-c:v", CODECS[name], "-pix_fmt", name, seconds=0.2)
    made = split(path)
    with av.open(str(path)) as container:
        plain = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for ours, theirs in zip(pictures(path, made), plain, strict=True):
        assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert (made.video.colour.matrix, made.encode.colour.matrix) == (0, 6)


def test_transparency_is_composited_on_black() -> None:
    rgba = np.array([[[200, 100, 50, 255], [200, 100, 50, 128], [200, 100, 50, 0]]], np.uint8)
    assert on_black(rgba).tolist() == [[[200, 100, 50], [100, 50, 25], [0, 0, 0]]]


def test_untagged_video_is_601_when_small_and_709_when_large(tmp_path: Path) -> None:
    for size, matrix in (("64x48", 6), ("1280x16", 1)):
        made = split(
            clip(tmp_path / f"{matrix}.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", size=size, seconds=0.1)
        )
        assert (made.video.colour.matrix, made.encode.colour.matrix) == (matrix, matrix)
        assert any("does not name its colour matrix" in note for note in made.notes)


def test_output_tags() -> None:
    wide = Colour(9, 9, 14, True)
    assert output_colour(wide, 64, 48) == Colour(9, 9, 14, False)
    assert output_colour(Colour(5, 5, 6, False), 64, 48) == Colour(5, 5, 6, False)
    assert output_colour(Colour(0, 1, 13, True), 1920, 1080) == Colour(1, 1, 13, False)
    for transfer in (16, 18):
        assert output_colour(Colour(9, 9, transfer, False), 64, 48) == Colour(1, 1, 1, False)
    assert usual_matrix(1279, 719) == 6
    assert usual_matrix(16, 720) == usual_matrix(1280, 16) == 1


def test_full_range_video_is_expanded_as_such(tmp_path: Path) -> None:
    grey = "color=c=0x404040:size=64x48:duration=0.2"
    for name in ("yuvj420p", "yuv420p"):
        ffmpeg("-f", "lavfi", "-i", grey, "-c:v", "libx264", "-pix_fmt", name, str(tmp_path / f"{name}.mp4"))
        path = tmp_path / f"{name}.mp4"
        made = split(path)
        assert made.video.colour.full_range == (name == "yuvj420p")
        assert np.abs(pictures(path, made)[0].astype(int) - 0x40).max() <= 2


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_rotation_is_baked_in(tmp_path: Path, angle: int) -> None:
    plain = clip(tmp_path / "plain.mp4", "-c:v", "libx264", "-aspect", "2:1", seconds=0.2)
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation:v:0", str(angle), "-i", str(plain), "-c", "copy", str(turned))
    made = split(turned)
    upright = np.rot90(pictures(plain, split(plain))[0], angle // 90)
    assert np.array_equal(pictures(turned, made)[0], upright)
    assert (made.encode.height, made.encode.width) == upright.shape[:2]
    shape = made.encode.sample_aspect_ratio * made.encode.width / made.encode.height
    assert shape == (2 if angle % 180 == 0 else 1 / 2)


def test_reflections_and_odd_angles() -> None:
    one = 1 << 16
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    mirrored = orientation((-one, 0, 0, 0, one, 0, 0, 0, 1 << 30))
    assert np.array_equal(mirrored.apply(picture), picture[:, ::-1])
    transposed = orientation((0, one, 0, one, 0, 0, 0, 0, 1 << 30))
    assert np.array_equal(transposed.apply(picture), picture.swapaxes(0, 1))
    assert transposed.size(4, 2) == (2, 4)
    assert orientation((46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)).is_upright
    assert orientation(()).is_upright
