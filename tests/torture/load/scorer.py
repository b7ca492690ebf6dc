"""A backend that scores really, through the port, in threads of this process: no process is started."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from reelbrush.compute import RunRequest, RunStatus
from reelbrush.compute.port import Finding, Waiting
from reelbrush.job import BatchState
from reelbrush.store import Store
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.stop import StopRequest


class ScorerHere:
    """Runs batches one after another in `workers` threads; forgets a job's runs when told to."""

    def __init__(self, store: Store, workers: int = 1) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="scorer")
        self._lock = threading.Lock()
        self._states: dict[str, BatchState] = {}
        self._stops: dict[str, tuple[str, StopRequest]] = {}
        self.scored: list[str] = []  # ids of all runs that began, in order

    def submit(self, request: RunRequest) -> None:
        """See `Compute.submit`."""
        with self._lock:
            if request.run in self._states:
                return
            self._states[request.run] = BatchState.QUEUED
            self._stops[request.run] = (request.job, StopRequest(0))
        self._pool.submit(self._score, request)

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """See `Compute.status`."""
        with self._lock:
            return {run: RunStatus(run, self._states[run]) for run in runs if run in self._states}

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """See `Compute.cancel`."""
        with self._lock:
            for run, (owner, stop) in self._stops.items():
                if owner == job:
                    stop.request()
                    if self._states[run] is BatchState.QUEUED:
                        self._states[run] = BatchState.CANCELED

    def stop(self, job: str, run: str) -> None:
        """Stop one run."""
        with self._lock:
            if run in self._stops:
                self._stops[run][1].request()

    def release(self, job: str) -> None:
        """See `Compute.release`."""
        with self._lock:
            for run in [run for run, (owner, _) in self._stops.items() if owner == job]:
                del self._stops[run], self._states[run]

    def log_tail(self, run: str, lines: int = 20) -> str:
        """See `Compute.log_tail`."""
        return ""

    def waiting(self) -> Waiting:
        """See `Compute.waiting`."""
        return Waiting(busy=True)

    def preflight(self) -> list[Finding]:
        """See `Compute.preflight`."""
        return []

    def close(self) -> None:
        """Wait for the run in flight; queued ones never start."""
        self._pool.shutdown(cancel_futures=True)

    @property
    def known(self) -> int:
        """How many runs are remembered."""
        return len(self._states)

    def _score(self, request: RunRequest) -> None:
        with self._lock:
            found = self._stops.get(request.run)
            if found is None or self._states[request.run] is not BatchState.QUEUED:
                return
            self._states[request.run] = BatchState.RUNNING
            self.scored.append(request.run)
        progress = run_batch(self._store, request.job, request.run, RunSettings(threads=1), Rank(), found[1])
        with self._lock:
            if request.run in self._states:
                self._states[request.run] = progress.state
