"""The log of what was asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request, after it was answered. Tokens are never kept, signatures in queries neither."""

    at: float  # time.monotonic() when it came
    seconds: float  # until the answer
    operation: str  # see `routing`; empty when no route knows the request
    method: str
    host: str
    path: str
    query: dict[str, str]
    status: int  # 0: no answer was given
    fault: str  # what went wrong on purpose
    agent: str
    body: Any  # JSON, or None


class CallLog:
    """All calls in the order of their answers, and the hosts that nobody may speak to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._refused: list[str] = []

    def add(self, call: Call) -> None:
        """Remember a call."""
        with self._lock:
            self._calls.append(call)

    def refuse(self, host: str) -> None:
        """Remember a host that was refused."""
        with self._lock:
            self._refused.append(host)

    def calls(self) -> list[Call]:
        """Return all calls until now."""
        with self._lock:
            return list(self._calls)

    def refused(self) -> list[str]:
        """Return the hosts that were refused, one entry per try."""
        with self._lock:
            return list(self._refused)

    def clear(self) -> None:
        """Forget the calls, not the refused hosts."""
        with self._lock:
            self._calls.clear()


def elapsed(since: float) -> float:
    """Return the seconds since a time of `time.monotonic()`."""
    return time.monotonic() - since
