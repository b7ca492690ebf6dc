from hypothesis import given
from hypothesis import strategies as st

from reelbrush.job.eta import eta_seconds, measured_rate

LEFT = st.lists(st.integers(0, 5000), min_size=1, max_size=100)
RATE = st.floats(0.01, 1000)


@given(LEFT, st.integers(0, 100), RATE)
def test_more_left_never_ends_sooner_and_faster_never_later(
    left: list[int], running: int, rate: float
) -> None:
    now = eta_seconds(left, running, rate, 480_000)
    assert now >= sum(left) / rate / max(1, running) and now >= max(left) / rate
    assert eta_seconds([left[0] + 1, *left[1:]], running, rate, 480_000) >= now
    assert eta_seconds(left, running, 2 * rate, 480_000) <= now


def test_more_runs_at_once_help_as_long_as_there_are_batches() -> None:
    assert eta_seconds([100, 100], 2, 5.0, 0) < eta_seconds([100, 100], 1, 5.0, 0)
    assert eta_seconds([100, 100], 50, 5.0, 0) == eta_seconds([100, 100], 2, 5.0, 0)


def test_nothing_left_is_only_stitching() -> None:
    assert 0 < eta_seconds([0, 0], 0, 5.0, 100) < 5


@given(st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 10**6)), max_size=8))
def test_a_rate_is_positive_or_unknown(samples: list[tuple[float, int]]) -> None:
    rate = measured_rate(sorted(samples))
    assert rate is None or rate > 0


def test_a_rate_is_that_of_the_window() -> None:
    assert measured_rate([(10.0, 100), (12.0, 110), (20.0, 150)]) == 5.0
    assert measured_rate([(10.0, 100)]) is None
    assert measured_rate([(10.0, 100), (11.0, 100)]) is None
