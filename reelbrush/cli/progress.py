"""How a job's progress is shown: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

PLAIN_SECONDS = 10.0  # between two plain lines of the same phase
_PHASES = {"waitingForCompute": "waiting for a node"}


class Rate:
    """Frames per second since the first frame that this command has seen being made."""

    def __init__(self) -> None:
        self._start: tuple[float, int] | None = None
        self._last: tuple[float, int] | None = None

    def update(self, now: float, done: int) -> None:
        """Take note of `done` frames at `now` seconds; frames done before the first call do not count."""
        if self._start is None:
            self._start = (now, done)
        if self._last is None or done > self._last[1]:  # between two reports the rate stays what it was
            self._last = (now, done)

    @property
    def fps(self) -> float | None:
        """Frames per second, or None while nothing was measured."""
        if self._start is None or self._last is None or self._last[1] <= self._start[1]:
            return None
        return (self._last[1] - self._start[1]) / max(1e-6, self._last[0] - self._start[0])


def clock(seconds: float) -> str:
    """Return `mm:ss`, or `h:mm:ss` from one hour on."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"


def progress_text(job: dict[str, Any], elapsed: float, fps: float | None) -> str:
    """Return the one line that says where a job is; `fps` is what was measured here, if anything.

    What the app itself has measured counts more.
    """
    progress = job.get("progress")
    phase = _PHASES.get(job["phase"], job["phase"])
    if progress is None:
        return f"{job.get('summary', phase)}  elapsed {clock(elapsed)}"
    done, total = progress["framesDone"], progress["framesTotal"]
    fps = progress.get("framesPerSecond", fps)
    left = job.get("etaSeconds", (total - done) / fps if fps else None)
    parts = [f"{phase} {done}/{total} ({progress['percent']}%)"]
    if fps is not None:
        parts.append(f"{fps:.1f} fps")
    parts.append(f"elapsed {clock(elapsed)}")
    if left is not None and done < total:
        parts.append(f"left {clock(left)}")
    if "batchesTotal" in progress:
        parts.append(f"batches {progress['batchesDone']}/{progress['batchesTotal']}")
    if progress.get("retries"):
        parts.append(f"retries {progress['retries']}")
    return "  ".join(parts)


class Display(Protocol):
    """Shows successive states of one job on stderr."""

    def show(self, job: dict[str, Any]) -> None:
        """Show the job's present state."""
        ...

    def say(self, text: str) -> None:
        """Show a remark of its own."""
        ...

    def close(self) -> None:
        """End the display."""
        ...


def open_display(quiet: bool) -> Display:
    """Return a bar for terminals, plain lines for anything else or with NO_COLOR, silence when `quiet`."""
    if quiet:
        return _Silent()
    return _Bar() if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else _Plain()


class _Silent:
    def show(self, job: dict[str, Any]) -> None:
        pass

    def say(self, text: str) -> None:
        print(text, file=sys.stderr)

    def close(self) -> None:
        pass


class _Plain:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._rate = Rate()
        self._printed: tuple[str, float] = ("", -1e9)

    def show(self, job: dict[str, Any]) -> None:
        now = time.monotonic()
        _measure(self._rate, now, job)
        if job["phase"] == self._printed[0] and now - self._printed[1] < PLAIN_SECONDS:
            return
        self._printed = (job["phase"], now)
        print(progress_text(job, now - self._began, self._rate.fps), file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        pass


class _Bar:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._rate = Rate()
        self._progress = Progress(
            BarColumn(bar_width=30),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None)
        self._progress.start()

    def show(self, job: dict[str, Any]) -> None:
        now = time.monotonic()
        _measure(self._rate, now, job)
        progress = job.get("progress", {})
        self._progress.update(
            self._task,
            description=progress_text(job, now - self._began, self._rate.fps),
            total=progress.get("framesTotal"),
            completed=progress.get("framesDone", 0),
        )

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()


def _measure(rate: Rate, now: float, job: dict[str, Any]) -> None:
    if job["phase"] == "scoring" and "progress" in job:
        rate.update(now, job["progress"]["framesDone"])
