"""Time limits for whatever calls `requests`: azureml-core does so without any, for ever if need be.

Orchestrations retry by themselves and patiently, so here a call is tried twice and then told.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import threading
import time
from collections.abc import Callable, Generator
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

CONNECT, READ = 10.0, 30.0  # seconds of one attempt, where the caller has no smaller limit

_limit = threading.local()  # .end: time.monotonic() at which this thread's operation has to be over
_patched = threading.Lock()


class OutOfTime(Exception):
    """An operation used up its time. No OSError, so that no layer tries again."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """Let every request of this thread fail with OutOfTime or a timeout once `seconds` are over.

    Only requests are watched, so that the end can come late by the SDK's pause between two of them.
    """
    before = getattr(_limit, "end", None)
    end = time.monotonic() + seconds
    _limit.end = end if before is None else min(before, end)
    try:
        yield
    finally:
        _limit.end = before


def limit_requests() -> None:
    """Give all requests of this process that have no timeout CONNECT and READ, and one retry.

    Those that name a timeout keep it and their retries, unless they are made within `time_limit`. The SDK
    makes its sessions in many places and threads of its own: there is no narrower place than the adapter.
    May be repeated.
    """
    adapter: Any = importlib.import_module("requests.adapters").HTTPAdapter
    with _patched:
        if getattr(adapter.send, "limited", False):
            return
        send = adapter.send

        def limited_send(
            self: Any, request: Any, stream: bool = False, timeout: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            end: float | None = getattr(_limit, "end", None)
            if timeout is not None and end is None:
                return send(self, request, stream, timeout, *args, **kwargs)
            left = READ if end is None else end - time.monotonic()
            if left <= 0:
                raise OutOfTime(f"timed out: no time is left for {request.method} {_place(request.url)}")
            self.max_retries = _once(self.max_retries)
            limits = (min(CONNECT, left), min(READ, _read(timeout), left))
            return send(self, request, stream, limits, *args, **kwargs)

        limited_send.limited = True  # type: ignore[attr-defined]
        adapter.send = limited_send


def carried(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return `function` with this thread's time limit, which it keeps in whatever thread it is called."""
    end: float | None = getattr(_limit, "end", None)
    if end is None:
        return function

    @functools.wraps(function)
    def limited(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with time_limit(end - time.monotonic()):
            return function(*args, **kwargs)

    return limited


def _once(retries: Any) -> Any:
    """Return urllib3's policy with one retry at most, and without obeying a Retry-After of minutes."""
    if not retries.total or (retries.total <= 1 and not retries.respect_retry_after_header):
        return retries
    return retries.new(total=1, connect=1, read=1, respect_retry_after_header=False)


def _read(timeout: Any) -> float:
    given = timeout[1] if isinstance(timeout, tuple) else timeout  # pyright: ignore[reportUnknownVariableType]
    return float(given) if isinstance(given, int | float) else READ


def _place(url: str) -> str:
    return url.partition("?")[0]
