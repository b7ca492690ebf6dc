"""What a step takes of this process: computing time of all its threads, and memory at its peak."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"  # proc_pid_clear_refs(5): the peak is what is resident now


@dataclass
class Usage:
    """Filled when the block ends."""

    cpu: float = 0.0  # seconds
    peak: int = 0  # bytes resident at most


@contextmanager
def used() -> Generator[Usage]:
    """Measure a block."""
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    usage, began = Usage(), time.process_time()
    yield usage
    usage.cpu, usage.peak = time.process_time() - began, peak()


def peak() -> int:
    """Return the bytes that were resident at most since the latest block began."""
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
