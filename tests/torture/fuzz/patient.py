"""The other end of the worker: gives it files and tells how each try ended, also when the process did not."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tests.conftest import ROOT

_PATIENCE = 300.0  # seconds of the clock, for a worker that waits for nothing that ever comes


@dataclass(frozen=True)
class Ending:
    """How a try ended: `fault` is empty where the product kept its promise."""

    end: str
    fault: str = ""
    cpu: float = 0.0  # seconds
    peak: int = 0  # MB


class Patient:
    """A worker process, started again after each death; a context manager."""

    def __init__(self, folder: Path, cpu_limit: float, peak_limit: int) -> None:
        """`cpu_limit` in seconds and `peak_limit` in MB hold for each try."""
        self._folder, self._cpu_limit, self._peak_limit = folder, cpu_limit, peak_limit
        self._process: subprocess.Popen[str] | None = None
        self.cpu = 0.0  # seconds of all tries

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._end(self._process)

    def attempt(self, what: str, **request: Any) -> Ending:
        """Try one thing and return how it ended."""
        process = self._process = self._process if self._process is not None else self._start()
        assert process.stdin is not None and process.stdout is not None
        before = _cpu(process.pid)
        process.stdin.write(json.dumps({"what": what, **request}) + "\n")
        process.stdin.flush()
        end = time.monotonic() + _PATIENCE
        while not select.select([process.stdout], [], [], 0.5)[0]:
            spent = _cpu(process.pid) - before
            if spent > self._cpu_limit or time.monotonic() > end:
                self._end(process)
                return Ending("hangs", f"no end after {spent:.0f} s of CPU", spent)
        line = process.stdout.readline()
        if not line:
            code = process.wait(60)
            told = (self._folder / "worker.log").read_text(errors="replace")[-1500:]
            self._process = None
            name = signal.Signals(-code).name if code < 0 else f"exit {code}"
            return Ending("dies", f"the process died by {name}: {told}")
        return self._judged(json.loads(line))

    def _judged(self, answer: dict[str, Any]) -> Ending:
        fault = answer.get("trace", "")
        if answer["cpu"] > self._cpu_limit:
            fault = f"{answer['cpu']} s of CPU"
        elif answer["peak"] > self._peak_limit:
            fault = f"{answer['peak']} MB"
        elif not fault and "reason" in answer and not answer["reason"].strip():
            fault = "an error without a reason"
        self.cpu += answer["cpu"]
        return Ending(answer["end"], fault, answer["cpu"], answer["peak"])

    def _start(self) -> subprocess.Popen[str]:
        with (self._folder / "worker.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.torture.fuzz.worker", str(self._folder)],
                cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.kill()
        process.wait(60)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None


def _cpu(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system
