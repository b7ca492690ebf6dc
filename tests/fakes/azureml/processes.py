"""Runs as processes of this machine, each in a folder with nothing but the submitted code."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.fakes.azureml import texts
from tests.fakes.azureml.lifecycle import Ended
from tests.fakes.azureml.runs import Run

CHECKOUT = Path(__file__).resolve().parents[3]
_NODE_PYTHON = Path(__file__).parent / "node_python"


class ProcessExecutor:
    """Starts, watches and stops the processes of runs. `logs(run)` is where a run's output goes."""

    def __init__(
        self,
        folder: Path,
        environment: Callable[[], Mapping[str, str]],
        on_bug: Callable[[BaseException], None],
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._on_bug = on_bug
        self._processes: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._lock = threading.Lock()
        self._stopped: set[tuple[str, int]] = set()
        self._closed = False

    def logs(self, run: str) -> Path:
        """Return the folder of a run's log files."""
        return self._folder / run / "logs"

    def alive(self) -> list[tuple[str, int]]:
        """Return run and process id of every process that has not ended."""
        with self._lock:
            return [
                (run, process.pid)
                for run, processes in self._processes.items()
                for process in processes
                if process.poll() is None
            ]

    def start(self, run: Run, ended: Ended) -> None:
        """Unpack the code, start one process per rank and wait for them on this thread."""
        try:
            start = run.starts
            code = self._folder / run.id / f"code-{start}"
            code.mkdir(parents=True)
            run.work.unpack(code)
            with self._lock:
                if self._closed or (run.id, start) in self._stopped:
                    processes: list[subprocess.Popen[bytes]] = []
                else:
                    processes = self._processes[run.id] = self._launch(run, start, code)
            ended(*self._watch(run, processes))
        except Exception as bug:
            self._on_bug(bug)
            ended(1, f"the stand-in could not execute the run: {bug!r}")

    def stop(self, run: Run, grace: float) -> None:
        """Send SIGTERM to all processes of the run, and SIGKILL to what lives longer than the grace."""
        with self._lock:
            self._stopped.add((run.id, run.starts))
            processes = list(self._processes.get(run.id, ()))
        threading.Thread(target=_end, args=(processes, grace), daemon=True).start()

    def close(self) -> None:
        """Kill everything, and start nothing any more."""
        with self._lock:
            self._closed = True
            processes = [process for ranks in self._processes.values() for process in ranks]
        _end(processes, 0)

    def _launch(self, run: Run, start: int, code: Path) -> list[subprocess.Popen[bytes]]:
        work = run.work
        per_node = work.processes or 1
        size = work.nodes * per_node
        processes: list[subprocess.Popen[bytes]] = []
        for rank in range(size):
            node = self._folder / run.id / f"node-{start}-{rank // per_node}"
            (node / "tmp").mkdir(parents=True, exist_ok=True)
            environment = _base(node) | {
                "AZUREML_RUN_ID": run.id,
                "AZUREML_EXPERIMENT_NAME": run.experiment,
                "AZUREML_NODE_COUNT": str(work.nodes),
                "AZ_BATCHAI_TASK_INDEX": str(rank // per_node),
            }
            if work.identity:
                environment["DEFAULT_IDENTITY_CLIENT_ID"] = work.identity
            if work.processes:
                environment |= {
                    "OMPI_COMM_WORLD_RANK": str(rank),
                    "OMPI_COMM_WORLD_SIZE": str(size),
                    "OMPI_COMM_WORLD_LOCAL_RANK": str(rank % per_node),
                    "OMPI_COMM_WORLD_LOCAL_SIZE": str(per_node),
                    "OMPI_COMM_WORLD_NODE_RANK": str(rank // per_node),
                }
            environment |= self._environment()
            environment |= work.environment
            log = self.logs(run.id) / "user_logs" / log_name(rank, size)
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as out:
                processes.append(
                    subprocess.Popen(
                        work.command,
                        cwd=code,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        return processes

    def _watch(self, run: Run, processes: list[subprocess.Popen[bytes]]) -> tuple[int | None, str]:
        running = dict(enumerate(processes))
        while running:
            for rank, process in list(running.items()):
                # Alone it is waited for; of several, each is looked at in turn.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(None if len(processes) == 1 else 0.02)
                    del running[rank]
                    if code != 0:
                        _end(list(running.values()), 1.0)  # as mpirun does when one rank fails
                        return code, self._failure(run, rank, len(processes), code)
        return (0 if processes else None), ""

    def _failure(self, run: Run, rank: int, size: int, code: int) -> str:
        name = log_name(rank, size)
        lines = (self.logs(run.id) / "user_logs" / name).read_text(errors="replace").splitlines()
        return texts.EXIT.format(
            program="python", code=code, log=f"user_logs/{name}", tail="\n".join(lines[-5:])
        )


def log_name(rank: int, size: int) -> str:
    """Return the name of the log of one rank."""
    return "std_log.txt" if size == 1 else f"std_log_process_{rank:02d}.txt"


def _base(node: Path) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "HOME": str(node),
        "TMPDIR": str(node / "tmp"),
        "PYTHONPATH": str(_NODE_PYTHON),
        "STAND_IN_CHECKOUT": str(CHECKOUT),
    }


def _end(processes: list[subprocess.Popen[bytes]], grace: float) -> None:
    deadline = time.monotonic() + grace
    if grace:
        for process in processes:
            _signal(process, signal.SIGTERM)
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in processes:
        _signal(process, signal.SIGKILL)  # of the whole group: children of an ended process, too
    for process in processes:
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
