"""A cluster that paints by the product's own scoring, in threads that stand for processes.

It outlives every host. Nothing moves by itself: a run is worked on while its cluster is asked for states, so
that a play takes the same course each time. A run that stands still waits for whoever wakes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reelbrush.compute import RunRequest, RunStatus
from reelbrush.compute.port import EVICTED, Finding, Waiting
from reelbrush.job import BatchState
from reelbrush.store import Store
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.stop import StopRequest
from tests.torture.faults.lives import PATIENCE, Died, Life

OPEN = (BatchState.QUEUED, BatchState.RUNNING)
_CODES = {BatchState.DONE: BatchState.DONE, BatchState.FAILED: BatchState.FAILED}


@dataclass
class Process:
    """One process of a run."""

    life: Life
    thread: threading.Thread
    stop: StopRequest
    ended_as: BatchState | None = None  # what its exit code says; None while it lives, or after its death


@dataclass
class Run:
    """One run as the cluster knows it."""

    request: RunRequest
    batch: str  # "batch 2"
    submitted: float  # by the cluster's clock, in seconds
    state: BatchState = BatchState.QUEUED
    code: str = ""
    error: str | None = None
    began: float = 0.0
    not_before: float = 0.0
    looks_to_wait: int = 0  # of a process that stands still
    fate: str = ""  # what becomes of the run when its process is dead or stands still
    forgotten: bool = False
    twice: bool = False
    processes: list[Process] = field(default_factory=list[Process])


class Cluster:
    """Keeps the Compute port; `open_store` gives a process its own way to the store."""

    def __init__(
        self,
        open_store: Callable[[Life], Store],
        now: Callable[[], float],
        styles: Path | None,
        run_seconds: float,
        fate: Callable[[Run], None],
    ) -> None:
        """`now` is in seconds; `fate` is asked about every run once, when it is submitted."""
        self._open_store, self._now, self._styles = open_store, now, styles
        self._run_seconds, self._fate = run_seconds, fate
        self.runs: dict[str, Run] = {}
        self.starts: list[tuple[str, Life]] = []
        self.zombies: list[Process] = []  # that stand still although their run is over
        self.broken: list[str] = []  # what the cluster says of itself
        self._lock = threading.RLock()
        self._moving = threading.Lock()

    def submit(self, request: RunRequest) -> None:
        """See `Compute.submit`."""
        with self._lock:
            if request.run not in self.runs:
                batch = "batch " + request.run.rpartition("-b")[2].partition("-")[0]
                run = self.runs[request.run] = Run(request, batch, self._now())
                self._fate(run)

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """See `Compute.status`; one run of the job moves on."""
        if self._moving.acquire(blocking=False):  # of two who ask at once, one waits for the run
            try:
                self._move(job)
            finally:
                self._moving.release()
        with self._lock:
            known = [self.runs[run] for run in runs if run in self.runs]
            return {
                run.request.run: RunStatus(run.request.run, run.state, run.error, run.code)
                for run in known
                if not run.forgotten
            }

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """See `Compute.cancel`."""
        with self._lock:
            for run in self.runs.values():
                if run.request.job == job and run.state in OPEN:
                    run.state = BatchState.CANCELED
                    for process in run.processes:
                        process.stop.request()
                        if process.life.stalled and run.fate == "hang":
                            process.life.die()
                        elif process.life.stalled:
                            process.life.go_on()

    def stop(self, job: str, run: str) -> None:
        """See `Compute.stop`."""
        with self._lock:
            known = self.runs.get(run)
            if known is not None and known.state in OPEN:
                known.state = BatchState.CANCELED
                for process in known.processes:
                    process.life.die()

    def release(self, job: str) -> None:
        """See `Compute.release`."""
        with self._lock:
            for name in [name for name, run in self.runs.items() if run.request.job == job]:
                if self.runs[name].state not in OPEN:
                    del self.runs[name]

    def log_tail(self, run: str, lines: int = 20) -> str:
        """See `Compute.log_tail`."""
        return "Killed" if run in self.runs else ""

    def waiting(self) -> Waiting:
        """See `Compute.waiting`."""
        return Waiting(busy=not self.broken, errors=tuple(self.broken))

    def preflight(self) -> list[Finding]:
        """See `Compute.preflight`."""
        return []

    def open_runs(self) -> list[str]:
        """Return the ids of all runs that are queued or running."""
        return [name for name, run in self.runs.items() if run.state in OPEN]

    def wake_zombies(self) -> None:
        """Let processes that stand still although their run is over go on to their end."""
        zombies, self.zombies = self.zombies, []
        for process in zombies:
            process.life.go_on()
        for process in zombies:
            process.thread.join(PATIENCE)

    def kill(self) -> None:
        """End all processes."""
        for run in self.runs.values():
            self.zombies += run.processes
        for process in self.zombies:
            process.life.die()
            process.thread.join(PATIENCE)

    def _move(self, job: str) -> None:
        with self._lock:
            mine = [run for run in self.runs.values() if run.request.job == job and run.state in OPEN]
        for run in mine:
            if run.state is BatchState.RUNNING:
                self._work(run)
                break
        for run in mine:
            busy = any(run.state is BatchState.RUNNING for run in mine)
            if run.state is BatchState.QUEUED and not busy and self._now() >= run.not_before:
                run.state, run.began = BatchState.RUNNING, self._now()

    def _work(self, run: Run) -> None:
        if self._now() - run.began > self._run_seconds:
            for process in run.processes:
                process.life.die()
                process.thread.join(PATIENCE)
            self._over(run, BatchState.FAILED, "run-timeout", "the run took too long")
            return
        if not run.processes:
            run.processes = [self._process(run) for _ in range(2 if run.twice else 1)]
            self._wake()
        elif run.looks_to_wait:
            run.looks_to_wait -= 1
            if run.looks_to_wait:
                return
            for process in run.processes:
                process.life.go_on()
        for process in run.processes:
            if not process.life.stalled and not process.life.changed.wait(PATIENCE):
                raise AssertionError(f"{run.request.run} does not end")
        self._judge(run)

    def _wake(self) -> None:
        """Let zombies paint beside the run that has just begun."""
        for process in [p for p in self.zombies if p.life.stalled]:
            process.life.go_on()

    def _judge(self, run: Run) -> None:
        """Decide what a run is whose processes have ended, died or stand still."""
        if run.state is not BatchState.RUNNING:  # canceled meanwhile
            return
        fate, run.fate = run.fate, ""
        if any(process.life.stalled for process in run.processes):
            run.fate = fate
            if fate == "zombie":
                self.zombies += run.processes
                self._over(run, BatchState.CANCELED, EVICTED)
            return
        for process in run.processes:
            process.thread.join(PATIENCE)
        states = [process.ended_as for process in run.processes]
        if None not in states:
            failed = BatchState.FAILED in states
            self._over(
                run, states[0] or BatchState.FAILED, error="it ended with exit code 3" if failed else None
            )
        elif fate == "die evicted":
            self._over(run, BatchState.CANCELED, EVICTED)
        elif fate == "die restarted":
            run.processes, run.state = [], BatchState.QUEUED
        else:
            self._over(run, BatchState.FAILED, error=f"the process of {run.request.run} was killed")

    def _over(self, run: Run, state: BatchState, code: str = "", error: str | None = None) -> None:
        run.state, run.code, run.error = state, code, error

    def _process(self, run: Run) -> Process:
        life, stop = Life(run.batch), StopRequest()
        self.starts.append((run.request.run, life))

        def execute() -> None:
            settings = RunSettings(threads=1, styles=self._styles, peer_seconds=30)
            try:
                store = self._open_store(life)
                process.ended_as = run_batch(
                    store, run.request.job, run.request.run, settings, Rank(), stop
                ).state
            except Died:
                pass
            except Exception:
                process.ended_as = None if life.dead else BatchState.FAILED
            finally:
                life.end()

        process = Process(life, threading.Thread(target=execute, name=run.request.run, daemon=True), stop)
        process.thread.start()
        return process
