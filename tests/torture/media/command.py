"""`reelbrush run` as a process of its own, with what it and its children took."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.torture.media.bounded import ROOT

# A process's largest memory begins with that of whoever starts it, which is too large for a process of tests.
_STARTER = """
import json, os, sys
tell = int(sys.argv[1])
os.set_inheritable(tell, False)
_, status, used = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
told = [os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]
os.write(tell, json.dumps(told).encode())
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    said: str  # on standard error
    cpu: float  # seconds, with all its children
    memory: int  # bytes at the highest of any one process


def reelbrush_run(source: Path, output: Path, *options: str, folder: Path) -> Done:
    """Repaint `source` by the identity style; the process runs in `folder`."""
    command = [
        sys.executable, "-m", "reelbrush", "run", str(source), "-o", str(output), "--style", "identity",
        "--quiet", *options,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "REELBRUSH_POLL_SECONDS": "0.2"}
    told = folder / "said.txt"
    hear, tell = os.pipe()
    with told.open("wb") as said, os.fdopen(hear, "rb") as used:
        process = subprocess.Popen(
            [sys.executable, "-IS", "-c", _STARTER, str(tell), *command], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[tell], start_new_session=True,
        )  # fmt: skip
        os.close(tell)
        try:
            process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        status, cpu, memory = json.loads(used.read())
    return Done(status, told.read_text(errors="replace"), cpu, memory)
