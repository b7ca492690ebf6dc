"""Stopping on request: SIGTERM or SIGINT once finishes the segment in flight, twice stops now."""

from __future__ import annotations

import signal
import time
from types import FrameType


class StopRequest:
    """Whether the process was asked to stop, and whether its time to finish the segment in flight is over."""

    def __init__(self, grace: float = 30.0) -> None:
        """`grace` is how many seconds (>= 0) the segment in flight may take after the request.

        It may be set to another value later, when the command line is known.
        """
        self.grace = grace
        self._since: float | None = None
        self._at_once = False

    def install(self) -> None:
        """Let SIGTERM and SIGINT make this request; only in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def uninstall(self) -> None:
        """Ignore SIGTERM and SIGINT from now on: the exit code is known and must not change any more."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    def request(self) -> None:
        """Ask to stop; the second time the grace is over at once."""
        if self._since is None:
            self._since = time.monotonic()
        else:
            self._at_once = True

    @property
    def requested(self) -> bool:
        """Whether the run was asked to stop."""
        return self._since is not None

    @property
    def expired(self) -> bool:
        """Whether to drop even the segment in flight."""
        return self._since is not None and (self._at_once or time.monotonic() >= self._since + self.grace)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.request()
