from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrators.pace import poll_pause

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SINCE = [BEGAN.isoformat(), 100]


@given(st.floats(0.05, 3600), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_pauses_stay_within_their_bounds(longest: float, total: int, done: int, seconds: int) -> None:
    pause = poll_pause(longest, total, done, SINCE, BEGAN + timedelta(seconds=seconds))
    assert longest / 8 - 1e-5 <= pause.total_seconds() <= longest + 1e-5


def test_the_end_is_watched_closely() -> None:
    def pause(done: int, seconds: float) -> float:
        return poll_pause(2, 1100, done, SINCE, BEGAN + timedelta(seconds=seconds)).total_seconds()

    assert pause(100, 5) == 2, "nothing is known yet"
    assert pause(200, 10) == 2
    assert pause(1080, 98) == 1, "20 frames, two seconds to go"
    assert pause(1100, 100) == 0.25
