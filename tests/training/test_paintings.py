"""The computed pictures: repeatable, and with enough darks, middles and lights to learn a style from."""

import numpy as np
import pytest

from training.paintings import PAINTINGS
from training.paintings.noise import evenly_spread, smooth_noise

LUMA = np.array((0.299, 0.587, 0.114))

SHARES = {
    "halftone": (0.2, 0.2, 0.2),
    "impasto": (0.25, 0.2, 0.1),
    "ink-hatching": (0.3, 0.05, 0.25),
    "stained-glass": (0.2, 0.2, 0.08),
}
"""Least share of dark, middle and light pixels; ink on paper has few of the middle ones."""


@pytest.mark.parametrize("name", sorted(PAINTINGS))
def test_the_same_side_and_seed_give_the_same_picture(name: str) -> None:
    first, again, other = (PAINTINGS[name](128, seed) for seed in (3, 3, 4))
    assert (first.shape, first.dtype) == ((128, 128, 3), np.uint8)
    assert first.tobytes() == again.tobytes()
    assert np.abs(first.astype(int) - other).mean() > 15


@pytest.mark.parametrize("name", sorted(PAINTINGS))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_picture_has_shadows_middles_and_highlights(name: str, seed: int) -> None:
    luma = PAINTINGS[name](256, seed) @ LUMA
    shares = (luma < 85).mean(), ((luma >= 85) & (luma < 170)).mean(), (luma >= 170).mean()
    assert all(share >= least for share, least in zip(shares, SHARES[name], strict=True)), shares


@pytest.mark.parametrize("name", sorted(PAINTINGS))
def test_no_large_part_of_a_picture_is_empty(name: str) -> None:
    luma = PAINTINGS[name](512, 1) @ LUMA
    tiles = luma.reshape(8, 64, 8, 64).transpose(0, 2, 1, 3).reshape(64, -1)
    assert tiles.std(axis=1).min() > 8


def test_an_evenly_spread_field_has_every_value_equally_often_and_keeps_its_order() -> None:
    field = smooth_noise(128, 4, 3, np.random.default_rng(1)) ** 3
    spread = evenly_spread(field)
    assert np.histogram(spread, 10, (0, 1))[0] == pytest.approx(128 * 128 / 10, rel=0.15)
    order = np.argsort(field, axis=None)
    assert (np.diff(spread.ravel()[order]) >= 0).all()
