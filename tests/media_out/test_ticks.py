"""The arithmetic of output times."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reelbrush.media.ticks import movie_timescale, origin_of, output_times, rescale, track_timescale

BASES = st.sampled_from(
    [Fraction(1, 90000), Fraction(1, 1000), Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 44100)]
)
TICKS = st.integers(-(1 << 40), 1 << 40)


@given(TICKS, BASES, BASES, st.fractions(-100, 100, max_denominator=90000))
def test_a_tick_goes_to_the_nearest_tick(
    tick: int, source: Fraction, output: Fraction, origin: Fraction
) -> None:
    exact = (tick * source - origin) / output
    assert abs(rescale(source, output, origin)(tick) - exact) <= Fraction(1, 2)


@given(BASES, st.integers(1, 10_000))
def test_the_scale_of_a_track_keeps_its_ticks_exact(base: Fraction, longest: int) -> None:
    scale = track_timescale(base, longest)
    assert 1000 <= scale <= 1_000_000
    assert (base * scale).denominator == 1


def test_a_frame_shown_for_hours_still_fits() -> None:
    scale = track_timescale(Fraction(1, 1_000_000), 6 * 3600 * 1_000_000)
    assert 6 * 3600 * scale < 1 << 31
    assert track_timescale(Fraction(1, 1_000_000_000), 40_000_000) == 1_000_000


def test_edits_are_exact_where_the_movie_stays_within_32_bits() -> None:
    assert movie_timescale([90000, 48000], 60) == 720_000
    assert movie_timescale([90000, 44100], 6 * 3600) == 90_000
    assert movie_timescale([1_000_000], 6 * 3600) == 90_000
    assert movie_timescale([1_000_000], 20 * 3600) == 1000


@given(st.lists(st.integers(1, 3), min_size=1, max_size=50))
def test_times_increase_even_where_the_output_is_coarser(steps: list[int]) -> None:
    stamps = [sum(steps[:index]) for index in range(len(steps))]
    times = output_times(stamps, rescale(Fraction(1, 90000), Fraction(1, 1000)))
    assert all(after > before for before, after in pairwise(times))


def test_the_shift_is_whole_video_ticks() -> None:
    tick = Fraction(1, 1000)
    assert origin_of([Fraction(10), Fraction(99791, 10000)], tick) == Fraction(9979, 1000)
