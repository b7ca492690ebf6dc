"""Frames blended in whole numbers: the ends are exact, the middle is what the formula says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.job import Options
from scoring.blend import blend, recolour, weight_of
from scoring.fade import fade_of
from scoring.session import Frames


def noise(seed: int, *shape: int) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


@given(st.integers(0, 256), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))
def test_blend_is_its_formula(weight: int, count: int, height: int, width: int) -> None:
    first, second = noise(1, count, height, width), noise(2, count, height, width)
    wanted = (first.astype(int) * (256 - weight) + second.astype(int) * weight + 128) >> 8
    made = blend(first, second, weight)
    assert made.dtype == np.uint8 and (made == wanted).all()


def test_the_ends_of_a_blend_are_exact_for_all_values() -> None:
    low, high = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    first, second = (np.stack([plane] * 3, -1)[None] for plane in (low, high))  # more than one strip
    assert (blend(first, second, 0) == first).all() and (blend(first, second, 256) == second).all()
    assert (blend(first, first, 77) == first).all()
    assert (recolour(first, first) == first).all()


def test_inputs_are_left_alone() -> None:
    first, second = noise(3, 1, 8, 8), noise(4, 1, 8, 8)
    copies = first.copy(), second.copy()
    blend(first, second, 100)
    recolour(first, second)
    assert (first == copies[0]).all() and (second == copies[1]).all()


@given(st.integers(0, 1000))
def test_recolour_keeps_chroma_and_takes_light(seed: int) -> None:
    source, painted = noise(seed, 1, 16, 16) // 3 + 80, noise(seed + 1, 1, 16, 16) // 3 + 80
    made = recolour(source, painted).astype(int)
    for one, other in ((0, 1), (2, 1)):
        assert (made[..., one] - made[..., other] == source[..., one].astype(int) - source[..., other]).all()
    luma = np.array([0.2126, 0.7152, 0.0722])
    assert np.abs(made @ luma - painted @ luma).max() < 2


def test_recolour_clips() -> None:
    source = np.array([[[[250, 128, 0]]]], np.uint8)
    assert recolour(source, np.full_like(source, 255)).tolist() == [[[[255, 239, 111]]]]
    assert recolour(source, np.zeros_like(source)).tolist() == [[[[106, 0, 0]]]]


@pytest.mark.parametrize(
    ("share", "weight"), [("0", 0), ("1/1000", 0), ("1/512", 1), ("1/2", 128), ("999/1000", 256), ("1", 256)]
)
def test_shares_in_parts_of_256(share: str, weight: int) -> None:
    assert weight_of(Fraction(share)) == weight


def test_a_fade_follows_exact_times() -> None:
    """Frames of variable length in ticks of 1001/30000 s, the first at tick 100; the fade lasts 1001 ms."""
    options = Options(mix="x", mix_share=Fraction(1), fade_start_ms=1001, fade_end_ms=2002)
    fade = fade_of(options, Fraction(1001, 30000), 100)
    ticks = [100, 130, 131, 137, 145, 159, 160, 161, 10_000]
    assert [fade.weight(tick) for tick in ticks] == [0, 0, 9, 60, 128, 247, 256, 256, 256]
    half = fade_of(Options(**{**vars(options), "mix_share": Fraction(1, 2)}), Fraction(1001, 30000), 100)
    assert [half.weight(tick) for tick in ticks] == [0, 0, 4, 30, 64, 124, 128, 128, 128]


def test_a_fade_of_no_length_is_a_cut() -> None:
    options = Options(mix="x", mix_share=Fraction(1), fade_start_ms=40, fade_end_ms=40)
    fade = fade_of(options, Fraction(1, 25), 7)
    assert [fade.weight(tick) for tick in (7, 8, 9)] == [0, 256, 256]


def test_a_share_without_fade_is_the_same_at_all_times() -> None:
    fade = fade_of(Options(mix="x", mix_share=Fraction(1, 4)), Fraction(1, 25), 0)
    assert {fade.weight(tick) for tick in (-5, 0, 99)} == {64}
    assert fade_of(Options(), Fraction(1, 25), 0).weight(3) == 0
