"""Equal frames give equal bytes, however often they are encoded and whatever lies in memory around them."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelbrush.job import Colour, EncodeSettings
from reelbrush.media.encode import SegmentEncoder


@pytest.mark.parametrize(("width", "height"), [(32, 32), (48, 48), (80, 64), (96, 64)])
def test_small_pictures_encode_to_the_same_bytes(tmp_path: Path, width: int, height: int) -> None:
    colour = Colour(6, 6, 6, False)
    settings = EncodeSettings(width, height, "yuv420p", colour, Fraction(1), Fraction(1, 25), 18)
    rows, columns = np.mgrid[0:height, 0:width]
    pictures = [
        (np.stack([rows * 4 + k, columns * 3 - k, rows + columns + k * 5], -1) % 256).astype(np.uint8)
        for k in range(36, 48)
    ]
    random = np.random.default_rng(3)
    around: list[bytes] = []
    seen: set[str] = set()
    for number in range(25):
        path = tmp_path / f"{number}.mp4"
        with SegmentEncoder(path, settings) as encoder:
            for picture in pictures:
                encoder.write(picture)
        seen.add(hashlib.sha256(path.read_bytes()).hexdigest())
        around = around[-10:] + [random.bytes(int(random.integers(1, 400_000)))]
    assert len(seen) == 1
