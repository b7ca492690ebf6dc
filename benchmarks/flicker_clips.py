"""The clips on which flicker is compared: real ones with motion, and pans whose motion is known exactly."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from scoring.film import open_film
from scoring.flow import Motion, Picture, at_working_size, known_motion

# name, file, first frame: chosen for what moves there
REAL = (
    ("rabbit, animated", "media3__bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4", 56),
    ("monster, hand-held", "mdn__monster.mp4", 60),
    ("rabbit, real", "mdn__rabbit320.mp4", 150),
    ("road trip", "media3__roadtrip-vp92-10bit.webm", 20),
    ("pancake, camera at rest", "decord__flipping_a_pancake.mkv", 100),
    ("space station", "torchcodec__nasa_13013.mp4", 150),
    ("concert, dark", "media3__sowt-with-video.mov", 10),
)
PANORAMA = "media3__hdr10-video-with-sdr-container.mp4"  # 1920x1080: roofs and sky
# name, (columns, rows) in half pixels per frame, standard deviation of the noise in levels
PANS = (
    ("pan of 3 px", (6, 0), 0.0),
    ("pan of 1.5, 0.5 px", (3, 1), 0.0),
    ("pan of 1.5, 0.5 px, noise 2", (3, 1), 2.0),
)
_WIDTH, _HEIGHT = 640, 360


@dataclass(frozen=True)
class Clip:
    """Consecutive frames at working size; `motion` is that of every pair where it is known."""

    name: str
    frames: tuple[Picture, ...]
    motion: Motion | None = None


def real_clip(corpus: Path, name: str, file: str, first: int, count: int) -> Clip:
    """Return `count` frames of a file of the corpus from frame `first` on."""
    frames = islice(open_film(corpus / file).frames(), first, first + count)
    return Clip(name, tuple(at_working_size(frame) for frame in frames))


def pan_clip(corpus: Path, name: str, step: tuple[int, int], noise: float, count: int) -> Clip:
    """Return `count` windows of one picture, each moved by `step` half pixels of a window from the last.

    A window's pixel is the mean of 2 x 2 of the picture's, so steps of half a pixel are exact. The noise is
    seeded and independent in every frame, as a camera's.
    """
    picture = next(open_film(corpus / PANORAMA).frames()).astype(np.float32)
    random = np.random.default_rng(7)
    frames: list[Picture] = []
    for number in range(count):
        left, top = 2 + step[0] * number, 300 + step[1] * number
        window = picture[top : top + 2 * _HEIGHT, left : left + 2 * _WIDTH]
        small = window.reshape(_HEIGHT, 2, _WIDTH, 2, 3).mean((1, 3))
        small += random.normal(0.0, noise, small.shape).astype(np.float32)
        frames.append(np.rint(small.clip(0, 255)).astype(np.uint8))
    return Clip(name, tuple(frames), known_motion(_HEIGHT, _WIDTH, step[0] / 2, step[1] / 2))


def all_clips(corpus: Path, count: int) -> list[Clip]:
    """Return every clip with `count` frames (2..60) each."""
    real = [real_clip(corpus, name, file, first, count) for name, file, first in REAL]
    return real + [pan_clip(corpus, name, step, noise, count) for name, step, noise in PANS]
