"""When a process of a run has had its time: all that it may take, or what it has to end when told so."""

from __future__ import annotations

import time
from pathlib import Path

from reelbrush.compute.processes import ProcessRecord

END_SECONDS = 120.0  # from being told to end, four times what the segment in flight may take
SLEEP = 60.0  # seconds between two looks from which on the machine was asleep, not busy
_NAPS = 1000  # that are remembered
_TOLD = ("canceled", "released")  # files of a run's folder that ask its process to end


class TimeLimit:
    """How long processes may run, without the time in which the machine was asleep.

    Somebody has to `look` more often than every SLEEP seconds while any runs. Nothing is known of naps before
    the first look.
    """

    def __init__(self, seconds: float) -> None:
        """`seconds` is the limit of one run."""
        self._seconds = seconds
        self._looked: float | None = None
        self._naps: list[tuple[float, float]] = []  # when each ended, how many seconds it took

    def begin(self) -> None:
        """Note that looks begin now: nobody had a reason to look before."""
        self._looked = None

    def look(self) -> None:
        """Note that the machine is awake."""
        now = time.time()
        if self._looked is not None and now - self._looked > SLEEP:
            self._naps = [*self._naps, (now, now - self._looked)][-_NAPS:]
        self._looked = now

    def is_over(self, folder: Path, process: ProcessRecord) -> bool:
        """Whether the process of the run that has this folder is to be killed now."""
        slept = sum(seconds for woke, seconds in self._naps if woke > process.created)
        return time.time() - process.created - slept > self._seconds or _is_told(folder)


def _is_told(folder: Path) -> bool:
    for name in _TOLD:
        try:
            if time.time() - (folder / name).stat().st_mtime > END_SECONDS:
                return True
        except FileNotFoundError:
            continue
    return False
