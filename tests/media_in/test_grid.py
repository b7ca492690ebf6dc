"""The fixed grid is a partition of the frames, within its bounds, and prefers key frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.media.grid import grid

lengths = st.integers(0, 2000)
key_sets = st.sets(st.integers(0, 2000), max_size=80).map(sorted)


@given(lengths, key_sets)
def test_every_frame_lies_in_exactly_one_run(frame_count: int, keys: list[int]) -> None:
    runs = grid(frame_count, keys)
    frames = [frame for first, count in runs for frame in range(first, first + count)]
    assert frames == list(range(frame_count))


@given(lengths, key_sets, st.integers(1, 30), st.integers(0, 30), st.integers(0, 60))
def test_runs_keep_their_bounds(count: int, keys: list[int], minimum: int, more: int, most: int) -> None:
    target, maximum = minimum + more, minimum + more + most
    runs = grid(count, keys, target, minimum, maximum)
    assert all(1 <= length <= maximum for _, length in runs)
    assert all(length >= minimum for _, length in runs[:-1])


@given(lengths, key_sets)
def test_a_cut_is_at_a_key_or_at_the_target(frame_count: int, keys: list[int]) -> None:
    for first, count in grid(frame_count, keys)[:-1]:
        assert first + count in keys or count == 48


@given(st.integers(200, 1000), key_sets)
def test_cuts_do_not_depend_on_what_comes_much_later(frame_count: int, keys: list[int]) -> None:
    longer = grid(frame_count + 500, keys)
    shorter = grid(frame_count, keys)
    early = frame_count - 2 * 72
    assert [run for run in shorter if sum(run) < early] == [run for run in longer if sum(run) < early]


def test_the_key_nearest_to_the_target_wins_and_the_earlier_of_two() -> None:
    assert grid(200, [30, 50, 70])[0] == (0, 50)
    assert grid(200, [44, 52])[0] == (0, 44)


def test_keys_outside_the_window_are_ignored() -> None:
    assert grid(100, [10, 73]) == [(0, 48), (48, 25), (73, 27)]


def test_impossible_bounds_are_an_error() -> None:
    with pytest.raises(ValueError, match="minimum"):
        grid(10, [], target=5, minimum=6, maximum=7)
