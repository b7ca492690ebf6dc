"""Stopping on request: SIGTERM or SIGINT once finishes the segment in flight, twice stops now."""

from __future__ import annotations

import signal
import time
from types import FrameType


class StopRequest:
    """Whether the process was asked to stop, and whether its time to finish the segment in flight is over."""

    def __init__(self, grace: float) -> None:
        """`grace` is how many seconds (>= 0) the segment in flight may take after the request."""
        self._grace = grace
        self._deadline: float | None = None

    def install(self) -> None:
        """Let SIGTERM and SIGINT make this request; only in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def request(self) -> None:
        """Ask to stop; the second time the grace is over at once."""
        now = time.monotonic()
        self._deadline = now if self._deadline is not None else now + self._grace

    @property
    def requested(self) -> bool:
        return self._deadline is not None

    @property
    def expired(self) -> bool:
        """Whether to drop even the segment in flight."""
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.request()
