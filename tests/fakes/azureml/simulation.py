"""Runs that take their time and execute nothing, for clusters of a thousand nodes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.fakes.azureml.clock import Clock, Timer
from tests.fakes.azureml.lifecycle import Ended
from tests.fakes.azureml.runs import Run, RunView, view

# Called at the end of a start with the share of its time that it had: 1.0, or less when it was stopped.
Hook = Callable[[RunView, float], None]
Seconds = float | Callable[[RunView], float]


class SimulatedExecutor:
    """Lets each start take `seconds`, then calls `hook`; one that raises fails the run with its message."""

    def __init__(self, clock: Clock, seconds: Seconds, hook: Hook | None, threads: int = 4) -> None:
        self._clock = clock
        self._seconds = seconds
        self._hook = hook
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="stand-in simulation")
        self._lock = threading.Lock()
        self._starts: dict[str, tuple[Timer, float, float, Ended]] = {}
        self._stopped: set[tuple[str, int]] = set()

    def start(self, run: Run, ended: Ended) -> None:
        """Begin one start."""
        seconds = self._seconds(view(run)) if callable(self._seconds) else self._seconds
        with self._lock:
            stopped = (run.id, run.starts) in self._stopped
            if not stopped:
                timer = self._clock.after(seconds, partial(self._due, run))
                self._starts[run.id] = (timer, time.monotonic(), seconds, ended)
        if stopped:
            self._pool.submit(self._finish, run, 0.0, ended, stopped=True)

    def stop(self, run: Run, grace: float) -> None:
        """End it at once."""
        with self._lock:
            self._stopped.add((run.id, run.starts))
            start = self._starts.pop(run.id, None)
        if start is not None:
            timer, began, seconds, ended = start
            timer.cancel()
            share = min(1.0, (time.monotonic() - began) / seconds) if seconds else 1.0
            self._pool.submit(self._finish, run, share, ended, stopped=True)

    def close(self) -> None:
        """Let nothing begin any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _due(self, run: Run) -> None:
        with self._lock:
            start = self._starts.pop(run.id, None)
        if start is not None:
            self._pool.submit(self._finish, run, 1.0, start[3], stopped=False)

    def _finish(self, run: Run, share: float, ended: Ended, stopped: bool) -> None:
        try:
            if self._hook is not None:
                self._hook(view(run), share)
        except Exception as error:
            ended(1, f"{type(error).__name__}: {error}")
        else:
            ended(None if stopped else 0, "")
