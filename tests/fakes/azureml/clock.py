"""Timers of the whole service on one thread."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Timer:
    """Something that will happen unless it is canceled."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Let it not happen; no more than forgetting when it has happened."""
        self.action = None


class Clock:
    """Calls what is due, in the order of time. Actions have to be short."""

    def __init__(self, on_bug: Callable[[BaseException], None]) -> None:
        self._due: list[tuple[float, int, Timer]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._on_bug = on_bug
        self._thread = threading.Thread(target=self._work, name="stand-in clock", daemon=True)
        self._thread.start()

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Call `action` in so many seconds on the clock's thread."""
        timer = Timer(action)
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._number), timer))
            self._changed.notify()
        return timer

    def close(self) -> None:
        """Let nothing happen any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(5)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._closed:
                    return
                timer = heapq.heappop(self._due)[2]
            action = timer.action
            if action is not None:
                try:
                    action()
                except Exception as bug:
                    self._on_bug(bug)
