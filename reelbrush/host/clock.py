"""Time as the host sees it: whole microseconds since 1970-01-01T00:00:00Z, from a clock that tests can
move.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

MICROSECONDS = 1_000_000


class Clock(Protocol):
    """What the host needs of time."""

    def now(self) -> int:
        """Return the present moment in microseconds since the epoch; never less than an earlier answer."""
        ...

    async def wait(self, due: int | None, woken: asyncio.Event, idle: Callable[[], bool]) -> None:
        """Return when `woken` is set or the moment `due` (microseconds, None = never) has come.

        `idle` tells whether nothing but the passing of time can make the host do anything; a clock that is
        not bound to the real one may then jump.
        """
        ...


class SystemClock:
    """The machine's own clock, kept from running backwards: where it is set back, this one goes on."""

    def __init__(
        self, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """`wall` and `steady` give nanoseconds: of the day, and since some moment without any step."""
        self._wall, self._steady = wall, steady
        self._latest, self._seen = wall(), steady()

    def now(self) -> int:
        """Return the present moment in microseconds since the epoch."""
        seen = self._steady()
        # one that stood still until the wall's came up again would let every timer wait for so long
        self._latest = max(self._wall(), self._latest + seen - self._seen)
        self._seen = seen
        return self._latest // 1000

    async def wait(self, due: int | None, woken: asyncio.Event, idle: Callable[[], bool]) -> None:
        """Sleep until `due` or until woken, whichever comes first."""
        if due is None:
            await woken.wait()
            return
        remaining = (due - self.now()) / MICROSECONDS
        if remaining > 0:
            # not wait_for: in Python 3.11 it swallows a cancellation that meets the end of the wait
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(remaining):
                    await woken.wait()


class ManualClock:
    """A clock that stands still until it is moved; an idle host moves it to its next due timer.

    A poll that waits six hours thus runs in milliseconds. With `jump_when_idle=False` only `advance` moves
    it.
    """

    def __init__(self, start: datetime | None = None, *, jump_when_idle: bool = True) -> None:
        self._now = microseconds(start or datetime(2026, 1, 1, tzinfo=UTC))
        self._jump_when_idle = jump_when_idle
        self._sleepers: set[asyncio.Event] = set()

    def now(self) -> int:
        """Return the moment the clock shows, in microseconds since the epoch."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the clock forward by `by` (>= 0) and wake whoever waits on it.

        Raises:
            ValueError: `by` is negative.
        """
        if by < timedelta(0):
            raise ValueError(f"a clock runs forward only, not by {by}")
        self._now += by // timedelta(microseconds=1)
        self._wake()

    def _wake(self) -> None:
        for sleeper in self._sleepers:
            sleeper.set()

    async def wait(self, due: int | None, woken: asyncio.Event, idle: Callable[[], bool]) -> None:
        """Return when woken or due; when the host is idle, jump to `due` at once."""
        if due is not None and due <= self._now:
            return
        if self._jump_when_idle and due is not None and not woken.is_set():
            # One turn of the event loop lets requests that already arrived be counted before time is skipped.
            await asyncio.sleep(0.001)
            if idle() and not woken.is_set():
                self._now = max(self._now, due)
                self._wake()
                return
        self._sleepers.add(woken)
        try:
            await woken.wait()
        finally:
            self._sleepers.discard(woken)


def microseconds(moment: datetime) -> int:
    """Return an aware `moment` as whole microseconds since the epoch.

    Raises:
        ValueError: `moment` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    """Return microseconds since the epoch as an aware datetime in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
