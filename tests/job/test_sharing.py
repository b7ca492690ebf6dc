"""How runs share the cores of one machine."""

from __future__ import annotations

import pytest

from reelbrush.job.sharing import LONG_FRAMES, THREADS_PER_RUN, cores_of_run, runs_at_once


@pytest.mark.parametrize("cores", range(1, 65))
def test_the_runs_of_a_film_take_all_cores_and_hardly_more(cores: int) -> None:
    runs, each = runs_at_once(cores), cores_of_run(cores, LONG_FRAMES)
    assert runs == 1 or cores > THREADS_PER_RUN
    assert each <= THREADS_PER_RUN
    assert cores <= runs * each < cores + runs
    assert (runs - 1) * each < cores, "the last one finds a core that is left, or it would not begin"


def test_what_is_short_or_of_unknown_length_takes_one_core() -> None:
    assert {cores_of_run(8, frames) for frames in (0, 1, LONG_FRAMES - 1)} == {1}
