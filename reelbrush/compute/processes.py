"""Records of processes on disk, so that a restarted host finds the runs that its predecessor started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class ProcessRecord:
    """A process, told apart from later ones of the same pid by its start time."""

    pid: int
    created: float  # seconds since the epoch, as the operating system reports it

    @staticmethod
    def of(pid: int) -> ProcessRecord:
        """Describe a living process. A process that is already gone gets the start time 0."""
        try:
            return ProcessRecord(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return ProcessRecord(pid, 0.0)

    @staticmethod
    def read(path: Path) -> ProcessRecord | None:
        """Return the record written at `path`, or None when there is none that can be read."""
        try:
            data = json.loads(path.read_text())
            return ProcessRecord(int(data["pid"]), float(data["created"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write the record atomically."""
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"pid": self.pid, "created": self.created}))
        temporary.replace(path)

    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 0.5
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all its descendants, if it still is the same process.

        The ranks of an MPI launcher get SIGTERM instead of the launcher, which would not let them finish.
        """
        if not self.alive():
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            ranks = process.children(recursive=True)
            for one in [*ranks, *([] if ranks and number == signal.SIGTERM else [process])]:
                with contextlib.suppress(psutil.Error):
                    one.send_signal(number)


def yield_to_others(pid: int, nice: int) -> None:
    """Lower the priority of a process that leads its own session, and of what it will start.

    Where the kernel groups processes by session, only the group's priority counts between groups. What the
    system does not allow is left as it is.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, nice)
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice))
