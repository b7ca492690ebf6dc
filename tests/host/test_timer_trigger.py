"""Timer triggers and their schedules."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.errors import HostError
from reelbrush.host import ManualClock
from reelbrush.host.schedule import Schedule

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def app(triggers_app: Any) -> Any:
    return triggers_app


async def _seen(app: Any, count: int) -> None:
    """Wait until the app saw so much, and a moment in which it must see no more."""
    async with asyncio.timeout(60):
        while len(app.SEEN) < count:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


def test_a_timer_fires_when_it_is_due_and_once_when_it_was_missed(host: Any, run: Any, app: Any) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with host("triggers", clock=clock):
            await asyncio.sleep(0.1)
            assert app.SEEN == []
            for day in range(2):
                clock.advance(timedelta(hours=24))
                await _seen(app, day + 1)
                assert [("timer", False)] * (day + 1) == app.SEEN
        clock.advance(timedelta(days=5))
        async with host("triggers", clock=clock):
            await _seen(app, 3)
            assert app.SEEN[2:] == [("timer", True)]

    run(scenario())


def test_a_timer_does_not_wait_for_a_clock_that_was_set_back(host: Any, run: Any, app: Any) -> None:
    async def scenario() -> None:
        async with host("triggers", clock=ManualClock(START)):
            await asyncio.sleep(0.1)
        clock = ManualClock(START - timedelta(days=300))
        async with host("triggers", clock=clock):
            await asyncio.sleep(0.1)
            clock.advance(timedelta(hours=24))
            await _seen(app, 1)
            assert app.SEEN == [("timer", False)]

    run(scenario())


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("0 */5 * * * *", "2026-01-01T12:05:00"),
        ("30 0 12 * * *", "2026-01-01T12:00:30"),
        ("0 0 4 * * *", "2026-01-02T04:00:00"),
        ("0 30 9-17/4 * * mon-fri", "2026-01-01T13:30:00"),
        ("0 0 0 * * 0", "2026-01-04T00:00:00"),
        ("0 0 0 * * 7", "2026-01-04T00:00:00"),
        ("0 0 0 29 feb *", "2028-02-29T00:00:00"),
        ("*/15 * * * * *", "2026-01-01T12:00:15"),
        ("0 0 0 1,15 * *", "2026-01-15T00:00:00"),
        ("*/10 * * * *", "2026-01-01T12:10:00"),
        ("01:30:00", "2026-01-01T13:30:00"),
    ],
)
def test_the_next_moment(expression: str, following: str) -> None:
    assert Schedule(expression).next(START) == datetime.fromisoformat(following).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    ["", "* * *", "60 * * * * *", "0 0 0 * * sunday", "0 5-1 * * * *", "0 */0 * * * *", "00:00:00"],
)
def test_schedules_that_cannot_be_understood(expression: str) -> None:
    with pytest.raises(HostError):
        Schedule(expression)


def test_a_day_that_never_comes() -> None:
    with pytest.raises(HostError, match="never comes"):
        Schedule("0 0 0 31 feb *").next(START)


@given(
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 23),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001
)
def test_a_daily_schedule_is_never_more_than_a_day_away(
    second: int, minute: int, hour: int, at: datetime
) -> None:
    at = at.replace(tzinfo=UTC)
    following = Schedule(f"{second} {minute} {hour} * * *").next(at)
    assert at < following <= at + timedelta(days=1)
    assert (following.second, following.minute, following.hour) == (second, minute, hour)
