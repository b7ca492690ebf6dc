"""The local backend: every run is a process `python -m scoring` on this machine.

All state lies in a folder, one sub-folder per run: `request.json` (queued), `process.json` (started),
`ended` (exit code, or `lost` when nobody saw it), `canceled`, `log.txt`. A host that was killed leaves its
scoring processes running; the next one adopts them by these records.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from reelbrush.compute.overdue import TimeLimit
from reelbrush.compute.port import Finding, RunRequest, RunStatus, Waiting
from reelbrush.compute.processes import ProcessRecord, yield_to_others
from reelbrush.compute.run_order import in_order
from reelbrush.compute.scorer_variables import scorer_variables
from reelbrush.job import BatchState
from reelbrush.job.sharing import cores_of_run

# exit codes of runs that did nothing wrong: stopped on request, or gone together with their host
_STOPPED = ("75", "-15", "lost")
TICK = 0.5  # seconds between two looks while any run is open; children tell their ends themselves
SETTLE = 0.05  # without a new submission before runs start, so that cores are shared among all of them
_REAP_SECONDS = 5.0  # for killed processes to be gone, and waited for by the threads that watch them
_NICE = 5  # painting takes what those who serve people leave
_DRAIN = "drain"
_MPIRUN = ["mpirun", "--oversubscribe", *(["--allow-run-as-root"] if os.geteuid() == 0 else [])]


class LocalCompute:
    """Shares `workers` cores among scoring processes, jobs in order of submission.

    Of each job the first batches come first, since a video is watched from its beginning while it is painted.
    How many cores are kept for a run says `cores_of_run`; one begins as soon as any is left. When there are
    fewer runs than that, each gets more inference threads, so that a single short batch keeps all cores busy.
    """

    def __init__(
        self,
        store_uri: str,
        folder: Path,
        *,
        workers: int,
        threads: int = 0,
        processes: int = 1,
        styles: str = "",
        run_seconds: float = 6 * 3600,
    ) -> None:
        self._store_uri, self._folder = store_uri, folder
        self._workers, self._threads, self._styles = workers, threads, styles
        self._processes, self._limit = processes, TimeLimit(run_seconds)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._over: set[str] = set()  # ended runs that need no more looks, many as they may be
        self._lock = threading.Lock()
        self._pump: threading.Thread | None = None
        self._news = threading.Event()  # a submission or an end, which need not wait for the next look
        self._submitted = 0.0  # time.monotonic() of the latest submission
        folder.mkdir(parents=True, exist_ok=True)

    def submit(self, request: RunRequest) -> None:
        """See `Compute.submit`."""
        run = self._folder / request.run
        run.mkdir(parents=True, exist_ok=True)
        path = run / "request.json"
        if not path.exists():
            temporary = run / "request.tmp"
            temporary.write_text(
                json.dumps({"job": request.job, "at": time.time_ns(), "frames": request.frames})
            )
            temporary.replace(path)
            self._over.discard(request.run)
        self._submitted = time.monotonic()
        self._news.set()
        self._wake()

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """See `Compute.status`."""
        self._wake()
        found = {run: self._state(run) for run in runs}
        return {run: status for run, status in found.items() if status is not None}

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """See `Compute.cancel`."""
        for run, owner, _ in in_order(self._folder, self._over):
            if owner == job and not (self._folder / run / "ended").exists():
                with contextlib.suppress(FileNotFoundError):  # it ended and was released in this moment
                    _tell(self._folder / run / "canceled")
                record = ProcessRecord.read(self._folder / run / "process.json")
                if record is not None:
                    record.signal(signal.SIGTERM)

    def stop(self, job: str, run: str) -> None:
        """See `Compute.stop`."""
        record = ProcessRecord.read(self._folder / run / "process.json")
        if record is not None and not (self._folder / run / "ended").exists():
            record.signal(signal.SIGKILL)
        self._wake()

    def release(self, job: str) -> None:
        """See `Compute.release`."""
        for run, owner, _ in in_order(self._folder):
            if owner == job:
                folder = self._folder / run
                with contextlib.suppress(FileNotFoundError):
                    _tell(folder / "released")  # a process that is just ending goes when it has
                unborn = (folder / "canceled").exists() and not (folder / "process.json").exists()
                if unborn or (folder / "ended").exists():
                    shutil.rmtree(folder, ignore_errors=True)
        self._wake()

    def log_tail(self, run: str, lines: int = 20) -> str:
        """See `Compute.log_tail`."""
        path = self._folder / run / "log.txt"
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 16384))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def waiting(self) -> Waiting:
        """See `Compute.waiting`. Processes of this machine wait for each other alone."""
        return Waiting(busy=True)

    def preflight(self) -> list[Finding]:
        """See `Compute.preflight`."""
        if self._processes > 1 and shutil.which(_MPIRUN[0]) is None:
            wanted = "runs of several processes are wanted, but mpirun is not installed"
            return [
                Finding("mpirun", wanted, "install it (Debian: openmpi-bin), or set REELBRUSH_PROCESSES=1")
            ]
        if not os.access(self._folder, os.W_OK):
            problem = f"the folder {self._folder} cannot be written"
            return [Finding("folder", problem, "give this user the right to write it")]
        return []

    def _state(self, run: str) -> RunStatus | None:
        folder = self._folder / run
        if not (folder / "request.json").exists():
            return None
        if (folder / "ended").exists():
            code = (folder / "ended").read_text()
            if code == "0":
                return RunStatus(run, BatchState.DONE)
            if code in _STOPPED or (folder / "canceled").exists():
                return RunStatus(run, BatchState.CANCELED, self._why(run, code))
            return RunStatus(run, BatchState.FAILED, self._why(run, code))
        if (folder / "process.json").exists():
            return RunStatus(run, BatchState.RUNNING)
        if (folder / "canceled").exists():
            return RunStatus(run, BatchState.CANCELED, "stopped before it began")
        return RunStatus(run, BatchState.QUEUED)

    def _why(self, run: str, code: str) -> str:
        cause = f"was killed by signal {code[1:]}" if code.startswith("-") else f"ended with exit code {code}"
        if code == "lost":
            cause = "ended while no host was watching it"
        elif code.startswith("no start"):
            cause = f"could not be started: {code.removeprefix('no start: ')}"
        tail = self.log_tail(run, 6)
        return f"the scoring process of {run} {cause}" + (f"; last lines: {tail}" if tail else "")

    def _wake(self) -> None:
        with self._lock:
            if self._pump is None or not self._pump.is_alive():
                self._pump = threading.Thread(target=self._watch, name="local-compute", daemon=True)
                self._pump.start()

    def _watch(self) -> None:
        self._limit.begin()
        idle = 0
        while True:
            unsettled = self._submitted + SETTLE - time.monotonic()
            idle = 0 if self._step() else idle + 1
            if self._news.wait(unsettled if 0 < unsettled < TICK else TICK):
                self._news.clear()
                idle = 0
            with self._lock:
                if idle > 2 and not self._news.is_set():  # the next call starts another thread
                    self._pump = None
                    return

    def _step(self) -> bool:
        """Note which processes ended, start queued runs while there is room; return whether any is open."""
        self._limit.look()
        running = taken = 0
        queued: list[tuple[str, str, int]] = []
        for run, job, frames in in_order(self._folder, self._over):
            folder = self._folder / run
            if (folder / "ended").exists():
                self._over.add(run)
                continue
            record = ProcessRecord.read(folder / "process.json")
            if record is None:
                if not (folder / "canceled").exists():
                    queued.append((run, job, self._cores(frames)))
                continue
            child = self._children.get(run)
            code = child.poll() if child is not None else None
            if child is None and not record.alive():
                self._end(run, "lost")
            elif code is not None:
                self._end(run, str(code))
                del self._children[run]
            else:
                running += 1
                taken += self._cores(frames)
                if self._limit.is_over(folder, record):
                    record.signal(signal.SIGKILL)
        settled = time.monotonic() - self._submitted >= SETTLE
        if settled and not _draining(self._folder):
            share = max(self._threads, self._workers // max(1, running + len(queued)))
            for run, job, cores in queued:
                if taken >= self._workers:
                    break
                taken += cores
                try:
                    self._start(run, job, min(256, max(share, cores)))
                except OSError as error:
                    self._end(run, f"no start: {error}")
        return bool(running or queued)

    def _cores(self, frames: int) -> int:
        """Return how many cores are kept for a run of so many frames; under MPI one for all of it."""
        return 1 if self._processes > 1 else cores_of_run(self._workers, frames)

    def _end(self, run: str, code: str) -> None:
        temporary = self._folder / run / "ended.tmp"
        with contextlib.suppress(FileNotFoundError):  # it was released in this moment
            temporary.write_text(code)
            temporary.replace(temporary.with_name("ended"))
        if (self._folder / run / "released").exists():
            shutil.rmtree(self._folder / run, ignore_errors=True)

    def _start(self, run: str, job: str, threads: int) -> None:
        folder = self._folder / run
        if _draining(self._folder) or (folder / "canceled").exists():
            return
        # -P: what lies in the user's current folder must not be imported
        command = [sys.executable, "-P", "-m", "scoring", "--store", self._store_uri, "--job", job]
        command += ["--run", run, "--threads", str(threads)]
        if self._styles:
            command += ["--styles", self._styles]
        if self._processes > 1:
            command = [*_MPIRUN, "-n", str(self._processes), *command]
        scratch = folder / "scratch"  # what a killed process leaves behind goes with the run's folder
        scratch.mkdir(exist_ok=True)
        environment = {**os.environ, **scorer_variables(os.environ), "TMPDIR": str(scratch)}
        with (folder / "log.txt").open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
        self._children[run] = child
        threading.Thread(target=self._await_end, args=(child,), name=f"end of {run}", daemon=True).start()
        yield_to_others(child.pid, _NICE)
        record = ProcessRecord.of(child.pid)
        record.write(folder / "process.json")
        if (folder / "canceled").exists():  # canceled while it was being started, with no process to signal
            record.signal(signal.SIGTERM)

    def _await_end(self, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        self._news.set()


def drain(folder: Path) -> None:
    """Start no further run while this process lives; ask the running ones to finish their segment."""
    folder.mkdir(parents=True, exist_ok=True)
    ProcessRecord.of(os.getpid()).write(folder / _DRAIN)
    _signal_all(folder, signal.SIGTERM)


def undrain(folder: Path) -> None:
    """Allow runs to start again."""
    (folder / _DRAIN).unlink(missing_ok=True)


def _draining(folder: Path) -> bool:
    if not (folder / _DRAIN).exists():
        return False
    record = ProcessRecord.read(folder / _DRAIN)
    return record is None or record.alive()


def kill(folder: Path) -> None:
    """End all running processes at once. What they had published stays."""
    _signal_all(folder, signal.SIGKILL)


def reap(folder: Path, seconds: float) -> None:
    """Wait up to `seconds` for all processes to end by themselves, then end them.

    Those that this process started are waited for in any case, so that what they took is counted as its own.
    """
    end = time.monotonic() + seconds
    while running(folder) and time.monotonic() < end:
        time.sleep(0.01)
    kill(folder)
    end = time.monotonic() + _REAP_SECONDS
    for path in folder.glob("*/process.json"):
        record = ProcessRecord.read(path)
        while record is not None and _is_child(record.pid) and time.monotonic() < end:
            time.sleep(0.005)


def _tell(file: Path) -> None:
    """Ask a run's process to end; being asked again gives it no more time."""
    with contextlib.suppress(FileExistsError):
        file.touch(exist_ok=False)


def _is_child(pid: int) -> bool:
    """Whether nobody has waited for this child yet. Who started it does, and notes how it ended."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def running(folder: Path) -> int:
    """Return how many recorded processes are alive."""
    records = (ProcessRecord.read(path) for path in folder.glob("*/process.json"))
    return sum(1 for record in records if record is not None and record.alive())


def _signal_all(folder: Path, number: signal.Signals) -> None:
    for path in folder.glob("*/process.json"):
        record = ProcessRecord.read(path)
        if record is not None:
            record.signal(number)
