"""Pans over a picture without end: clips whose motion is known."""

from __future__ import annotations

import numpy as np

from scoring.flow import Picture

HEIGHT, WIDTH = 96, 160
Steps = list[Picture]


def texture(height: int, width: int, seed: int = 1, softness: int = 4) -> np.ndarray:
    """(height, width, 3) float: random blots without a preferred place, mean 128; opposite borders meet."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(random.normal(size=(height, width, 3)), axes=(0, 1))
    rows, columns = np.fft.fftfreq(height)[:, None, None], np.fft.rfftfreq(width)[None, :, None]
    spectrum *= np.exp(-((rows**2 + columns**2) * (2 * np.pi * softness) ** 2) / 2)
    smooth = np.fft.irfft2(spectrum, s=(height, width), axes=(0, 1))
    return 128 + 40 * smooth / smooth.std()


def pan(count: int, step: tuple[int, int], noise: float = 0.0) -> Steps:
    """Windows of one picture of twice the resolution, moved by `step` half pixels (columns, rows) each."""
    big = texture(2 * HEIGHT + 80, 2 * WIDTH + 80, softness=6)
    random = np.random.default_rng(5)
    frames: Steps = []
    for number in range(count):
        moved = np.roll(big, (-step[1] * number, -step[0] * number), (0, 1))[: 2 * HEIGHT, : 2 * WIDTH]
        small = moved.reshape(HEIGHT, 2, WIDTH, 2, 3).mean((1, 3))
        frames.append(to_bytes(small + random.normal(0, noise, small.shape)))
    return frames


def to_bytes(values: np.ndarray) -> Picture:
    """The nearest levels of 0..255."""
    return np.rint(values.clip(0, 255)).astype(np.uint8)
