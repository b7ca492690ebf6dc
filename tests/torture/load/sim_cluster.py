"""A cluster whose runs take hours of simulated time, whose nodes go, and that does not always answer."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from reelbrush.compute import RunRequest, RunStatus
from reelbrush.compute.port import EVICTED, Finding, Waiting
from reelbrush.errors import ComputeError
from reelbrush.job import BatchProgress, BatchState, WorkNames, to_json
from reelbrush.job.names import WORK
from reelbrush.store import Store
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.stop import StopRequest

NODES = 6
START = timedelta(minutes=8)  # of a node
HOUR = timedelta(hours=1)  # about, for a run
EVICTION = 0.3  # of a start of a run
REQUEUED = 0.4  # of evictions: the service queues the run again by itself


@dataclass(frozen=True)
class Run:
    """A run; moments count from the beginning of the simulation."""

    request: RunRequest
    takes: timedelta
    state: BatchState = BatchState.QUEUED
    began: timedelta = timedelta()
    ends: timedelta = timedelta()
    evicted: bool = False


class SimulatedCluster:
    """The Compute port over simulated time; a run that ends paints really, in that moment."""

    def __init__(self, store: Store, seed: int, passed: Callable[[], timedelta]) -> None:
        self._store, self._passed = store, passed
        self._chance = random.Random(seed)
        self.runs: dict[str, Run] = {}
        self.blind: list[tuple[timedelta, timedelta]] = []  # when it cannot be asked
        self.painted: dict[str, timedelta] = {}  # when a job's run ended first, by job
        self.evictions = self.refusals = 0
        self._lock = threading.RLock()

    def submit(self, request: RunRequest) -> None:
        """See `Compute.submit`."""
        self._answer()
        with self._lock:
            if request.run not in self.runs:
                self.runs[request.run] = Run(request, self._chance.lognormvariate(-0.5, 0.8) * HOUR)
                self._begin()

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """See `Compute.status`; runs at work have written a heartbeat by then."""
        self._answer()
        found = {run: self.runs[run] for run in runs if run in self.runs}
        for run in found.values():
            self._beat(run)
        return {
            name: RunStatus(name, run.state, code=EVICTED if run.evicted else "")
            for name, run in found.items()
        }

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """See `Compute.cancel`."""
        self._answer()
        with self._lock:
            for name, run in self.runs.items():
                if run.request.job == job and run.state in (BatchState.QUEUED, BatchState.RUNNING):
                    self.runs[name] = replace(run, state=BatchState.CANCELED)
            self._begin()

    def stop(self, job: str, run: str) -> None:
        """Stop one run."""
        self._answer()
        if run in self.runs:
            self.runs[run] = replace(self.runs[run], state=BatchState.CANCELED)

    def release(self, job: str) -> None:
        """See `Compute.release`."""
        self._answer()
        with self._lock:
            for name in [name for name, run in self.runs.items() if run.request.job == job]:
                del self.runs[name]

    def log_tail(self, run: str, lines: int = 20) -> str:
        """See `Compute.log_tail`."""
        return ""

    def waiting(self) -> Waiting:
        """See `Compute.waiting`."""
        self._answer()
        return Waiting(busy=True)

    def preflight(self) -> list[Finding]:
        """See `Compute.preflight`."""
        return []

    def close(self) -> None:
        """Nothing of it outlives the call."""

    def next_end(self) -> timedelta | None:
        """Return the moment at which the next run ends or loses its node, None while none is at work."""
        return min((run.ends for run in self._at_work()), default=None)

    def settle(self) -> None:
        """Bring all runs to the present moment: ends, evictions, nodes for those that wait."""
        now = self._passed()
        for run in [run for run in self._at_work() if run.ends <= now]:
            name = run.request.run
            if run.ends >= run.began + START + run.takes:
                self._paint(run)
                self.runs[name] = replace(self.runs[name], state=BatchState.DONE)
            elif self._chance.random() < REQUEUED:
                self.evictions += 1
                self.runs[name] = replace(run, state=BatchState.QUEUED)
            else:
                self.evictions += 1
                self.runs[name] = replace(run, state=BatchState.CANCELED, evicted=True)
        self._begin()

    def _begin(self) -> None:
        """Give nodes to runs that wait, in order of submission, and let chance say which ones go."""
        now = self._passed()
        for name, run in list(self.runs.items()):
            if run.state is BatchState.QUEUED and len(self._at_work()) < NODES:
                ends = now + START + run.takes
                if self._chance.random() < EVICTION:
                    ends = now + START + run.takes * self._chance.uniform(0.05, 0.95)
                self.runs[name] = replace(run, state=BatchState.RUNNING, began=now, ends=ends)

    def _at_work(self) -> list[Run]:
        return [run for run in self.runs.values() if run.state is BatchState.RUNNING]

    def _answer(self) -> None:
        if any(first <= self._passed() < last for first, last in self.blind):
            self.refusals += 1
            raise ComputeError("503 Service Unavailable")

    def _beat(self, run: Run) -> None:
        at_work = self._passed() - run.began - START
        if run.state is not BatchState.RUNNING or at_work <= timedelta():
            return
        frames = run.request.frames
        painted = min(frames - 1, int(frames * (at_work / run.takes)))
        beat = BatchProgress(
            run.request.run, BatchState.RUNNING, 0, 1, 0, frames, 0.0, at_work.total_seconds(), painted
        )
        name = WorkNames(run.request.job).progress(run.request.run)
        self._store.put_bytes(WORK, name, json.dumps(to_json(beat)).encode())

    def _paint(self, run: Run) -> None:
        self.painted.setdefault(run.request.job, self._passed())
        job, name = run.request.job, run.request.run
        run_batch(self._store, job, name, RunSettings(threads=1, styles=None), Rank(), StopRequest())
