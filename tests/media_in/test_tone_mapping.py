"""The tone curve keeps what is documented, and the lattice keeps the curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame

from reelbrush.media.tonemap import ToneMapper, compress, light_to_pq, pq_to_light, tone_map
from tests.media_in.making import clip, pictures, split


def test_pq_is_its_own_inverse_and_hits_known_points() -> None:
    light = np.array([0.01, 1.0, 100.0, 203.0, 1000.0, 10000.0])
    assert np.allclose(pq_to_light(light_to_pq(light)), light, rtol=1e-6)
    assert light_to_pq(np.array([203.0, 1000.0])) == pytest.approx(
        [0.5807, 0.7518], abs=1e-4
    )  # BT.2408 table 1


def test_the_curve_rises_keeps_shadows_and_ends_at_white() -> None:
    light = np.linspace(0, 1000, 500)
    compressed = compress(light)
    assert np.all(np.diff(compressed) > 0)
    assert np.allclose(compressed[light < 20], light[light < 20], rtol=1e-6)
    assert compressed[-1] == pytest.approx(203, rel=1e-3)
    assert compress(np.array(4000.0)) == pytest.approx(203, rel=1e-3)


@pytest.mark.parametrize("transfer", [16, 18])
def test_gray_stays_gray_and_order_is_kept(transfer: int) -> None:
    gray = np.linspace(0, 1, 200)[:, None] * np.ones(3)
    mapped = tone_map(gray, transfer)
    assert np.abs(mapped - mapped.mean(-1, keepdims=True)).max() < 1e-3
    assert np.all(np.diff(mapped[:, 0]) >= 0)
    assert mapped[0, 0] == 0
    assert mapped[-1, 0] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("transfer", [16, 18])
def test_the_lattice_follows_the_curve(transfer: int) -> None:
    codes = np.random.default_rng(1).integers(0, 65536, (40, 60, 3))
    frame = VideoFrame(60, 40, "gbrp16le")
    for plane, channel in zip(frame.planes, (1, 2, 0), strict=True):
        rows = np.zeros((40, plane.line_size // 2), "<u2")
        rows[:, :60] = codes[..., channel]
        plane.update(rows.tobytes())
    difference = np.abs(ToneMapper(transfer).map(frame) - 255 * tone_map(codes / 65535, transfer))
    assert difference.mean() < 1


def test_other_transfers_are_an_error() -> None:
    with pytest.raises(ValueError, match="neither PQ"):
        ToneMapper(1)


@pytest.mark.parametrize(("name", "transfer"), [("smpte2084", 16), ("arib-std-b67", 18)])
def test_hdr_video_becomes_bt709(tmp_path: Path, name: str, transfer: int) -> None:
    tags = f"log-level=none:colorprim=bt2020:transfer={name}:colormatrix=bt2020nc"
    path = clip(
        tmp_path / "hdr.mp4", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", tags, seconds=0.2
    )
    made = split(path)
    assert (made.video.hdr, made.video.colour.transfer) == (True, transfer)
    colour = made.encode.colour
    assert (colour.matrix, colour.primaries, colour.transfer, colour.full_range) == (1, 1, 1, False)
    assert len(pictures(path, made)) == 5
    assert any("tone-mapped" in note for note in made.notes)
    assert np.array_equal(pictures(path, made)[0], pictures(path, split(path, careful=True))[0])
