"""One file opened by the product in a process of its own, which is judged from outside: end, time, memory.

A process with nothing but the product in it forks for each file: `python -m tests.torture.media.bounded`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from reelbrush.errors import ReelbrushError, Refusal
from reelbrush.job.options import Options
from reelbrush.media.container import path_opener
from reelbrush.media.glance import glance
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video
from reelbrush.media.trial import try_opening

ROOT = Path(__file__).resolve().parents[3]

MOST_CPU = 5.0  # seconds that refusing a file may take, user and system, of all its threads
MOST_MEMORY = 500_000_000  # bytes of memory at the highest
_HANGING_CPU = 60  # seconds, after which the kernel ends the process


@dataclass(frozen=True)
class End:
    """How a file was served."""

    code: str  # of the refusal, `ok` when the file was split, else what became of the process
    message: str
    frames: int
    cpu: float  # seconds
    memory: int  # bytes at the highest

    @property
    def clear(self) -> bool:
        """Whether the file was split or refused with a reason."""
        return self.code == "ok" or bool(self.code and self.message and not self.code.startswith("!"))

    def broken(self, most_cpu: float = MOST_CPU, most_memory: int = MOST_MEMORY) -> str:
        """Say which promise was broken, else return ""."""
        if not self.clear:
            return f"{self.code} {self.message}"
        if self.cpu > most_cpu:
            return f"{self.code} took {self.cpu:.1f} s of CPU"
        if self.memory > most_memory:
            return f"{self.code} took {self.memory >> 20} MB"
        return ""


class Splitter:
    """Splits files, each in a fresh process."""

    def __init__(self, pipe_in: IO[str], pipe_out: IO[str]) -> None:
        self._in, self._out = pipe_in, pipe_out

    def end_of(self, path: Path) -> End:
        """Look at the file's header and split it; never raises for what the file does."""
        self._in.write(json.dumps(str(path)) + "\n")
        self._in.flush()
        return End(**json.loads(self._out.readline()))


@contextmanager
def splitter() -> Generator[Splitter]:
    """Start the process that forks for each file; it ends with the block."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Splitter(process.stdin, process.stdout)
        process.stdin.close()


def _split_alone(path: Path) -> End:
    with tempfile.TemporaryDirectory(prefix="split-", dir=path.parent) as scratch:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _serve(path, Path(scratch), writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            told = pipe.read()
        _, status, usage = os.wait4(child, 0)
    cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return End("!killed", f"by {name} after {cpu:.1f} s of CPU and {memory >> 20} MB", 0, cpu, memory)
    if not told:
        return End("!silent", f"exit {os.waitstatus_to_exitcode(status)}", 0, cpu, memory)
    code, message, frames = json.loads(told)
    return End(code, message, frames, cpu, memory)


def _serve(path: Path, scratch: Path, writer: int) -> None:
    code, message, frames = "!lost", "", 0
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_HANGING_CPU, _HANGING_CPU))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        code, message, frames = _told(path, scratch)
    except BaseException as error:
        code, message = "!raised", f"{type(error).__name__}: {error}"[:300]
    finally:
        os.write(writer, json.dumps([code, message, frames]).encode())
        sys.stdout.flush()
        os._exit(0)


def _told(path: Path, scratch: Path) -> tuple[str, str, int]:
    try:
        try_opening(path_opener(path), Limits())
        glance(path_opener(path))
    except Refusal as refusal:
        if not refusal.message:
            return "!dumb", "the glance refuses without a word", 0
        if refusal.code != "no-length":
            return refusal.code, str(refusal), 0
    try:
        made = split_video(path_opener(path), scratch, limits=Limits(), options=Options())
    except ReelbrushError as error:
        return error.code, str(error), 0
    return "ok", "; ".join(made.notes), len(made.timestamps)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asdict(_split_alone(Path(json.loads(line))))), flush=True)
