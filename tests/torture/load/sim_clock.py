"""Time that passes only when nothing else is left to do, for the whole process: host, app and store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import time_machine

from reelbrush.host.clock import SystemClock, microseconds, moment


class SimulatedClock:
    """The host's clock over a wall clock that can be set, and a steady one that cannot.

    The product's own `SystemClock` stands between: what it makes of a wall clock that jumps is part of the
    test. `time.time` and `datetime.now` of the process show the wall's.
    """

    def __init__(self, start: datetime) -> None:
        self._steady = 0  # nanoseconds
        self._wall = microseconds(start) * 1000
        self._travel = time_machine.travel(start, tick=False)
        self._traveller = self._travel.start()
        self.restarted()
        self._waiting: dict[asyncio.Event, tuple[int | None, Callable[[], bool]]] = {}

    def restarted(self) -> None:
        """Be a new process's clock."""
        self._system = SystemClock(lambda: self._wall, lambda: self._steady)

    def close(self) -> None:
        """Give the process its own time back."""
        self._travel.stop()

    def now(self) -> int:
        """See `Clock.now`."""
        return self._system.now()

    @property
    def passed(self) -> timedelta:
        """How much time has passed, whatever the wall clock was set to."""
        return timedelta(microseconds=self._steady // 1000)

    def wall(self) -> datetime:
        """What the wall clock shows."""
        return moment(self._wall // 1000)

    def set_by(self, step: timedelta) -> None:
        """Set the wall clock forward or back; no time passes."""
        self._wall += step // timedelta(microseconds=1) * 1000
        self._show()

    async def wait(self, due: int | None, woken: asyncio.Event, idle: Callable[[], bool]) -> None:
        """See `Clock.wait`."""
        if due is not None and due <= self.now():
            return
        self._waiting[woken] = due, idle
        try:
            await woken.wait()
        finally:
            self._waiting.pop(woken, None)

    def quiet(self) -> bool:
        """Whether nothing but time can make the host do anything; its turns are what can tell."""
        return any(idle() for _, idle in self._waiting.values()) and not any(
            event.is_set() for event in self._waiting
        )

    def next_due(self) -> timedelta | None:
        """How much time has to pass until somebody's moment comes, None when nobody waits for one."""
        dues = [due for due, _ in self._waiting.values() if due is not None]
        return timedelta(microseconds=max(0, min(dues) - self.now())) if dues else None

    def let_pass(self, time: timedelta) -> None:
        """Let so much time pass, and wake whose moment has come."""
        nanoseconds = time // timedelta(microseconds=1) * 1000
        self._steady += nanoseconds
        self._wall += nanoseconds
        self._show()

    def _show(self) -> None:
        self._traveller.move_to(self.wall())
        now = self.now()
        for event, (due, _) in self._waiting.items():
            if due is not None and due <= now:
                event.set()
