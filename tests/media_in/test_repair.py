"""Times become strictly increasing with as little change as possible."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reelbrush.media.repair import Timeline

TICK = Fraction(1, 90000)


def repaired(times: list[int | None], time_base: Fraction = TICK) -> tuple[list[int], int]:
    line = Timeline(time_base, Fraction(25))
    for time in times:
        line.add(time)
    return list(line.times), line.changed


@given(st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), max_size=60))
def test_the_result_always_increases(times: list[int | None]) -> None:
    result, _ = repaired(times)
    assert len(result) == len(times)
    assert all(later > earlier for earlier, later in pairwise(result))


@given(st.sets(st.integers(-(2**31), 2**31), max_size=60))
def test_increasing_times_are_left_alone(times: set[int]) -> None:
    assert repaired(list(sorted(times))) == (sorted(times), 0)


def test_missing_times_follow_by_one_frame() -> None:
    assert repaired([None, None, 9000, None]) == ([0, 3600, 9000, 12600], 3)


def test_doubled_times_move_by_one_tick() -> None:
    assert repaired([0, 3600, 3600, 7200]) == ([0, 3600, 3601, 7200], 1)


def test_a_clock_of_33_bits_goes_on_after_its_wrap() -> None:
    top = 1 << 33
    assert repaired([top - 3600, 0, 3600])[0] == [top - 3600, top, top + 3600]


def test_a_new_clock_that_looks_like_a_wrap_goes_on_after_the_old_one() -> None:
    top, late = 1 << 33, 30000 * 90000
    assert repaired([late, late + 3600, top, top + 3600])[0] == [late + 3600 * frame for frame in range(4)]


def test_a_new_clock_goes_on_after_the_old_one() -> None:
    assert repaired([900000, 903600, 0, 3600, 7200]) == ([900000, 903600, 907200, 910800, 914400], 1)


def test_the_step_is_the_median_distance() -> None:
    line = Timeline(TICK, Fraction(25))
    assert line.step == 3600
    for time in (0, 3000, 6000, 50000):
        line.add(time)
    assert line.step == 3000
