"""How a training's progress is shown: a bar on a terminal, a plain line now and then elsewhere."""

import os
import sys
import time
from collections.abc import Mapping
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

PLAIN_SECONDS = 20.0
"""Between two plain lines."""

ON_THE_BAR = ("style", "content", "steady")
"""Losses that fit beside a bar on 80 columns; a plain line has all of them."""


class Report(Protocol):
    """Shows where a training is, on stderr."""

    def show(self, step: int, last: int, left: float | None, losses: Mapping[str, float]) -> None:
        """Show that `step` of `last` steps are done; left: seconds to the end, None while not known."""
        ...

    def say(self, text: str) -> None:
        """Show a remark."""
        ...

    def close(self) -> None:
        """End the display."""
        ...


def open_report(quiet: bool = False) -> Report:
    """A bar for terminals, plain lines for anything else or with NO_COLOR, remarks alone when `quiet`."""
    if quiet:
        return _Silent()
    return _Bar() if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else _Plain()


def minutes(seconds: float) -> str:
    """Seconds as `m:ss`, or `h:mm:ss` from one hour on."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def _line(step: int, last: int, left: float | None, losses: Mapping[str, float]) -> str:
    numbers = "  ".join(f"{name} {value:.4f}" for name, value in losses.items())
    still = "measuring the pace" if left is None else f"{minutes(left)} left"
    return f"step {step}/{last}  {still}  {numbers}".rstrip()


class _Silent:
    def show(self, step: int, last: int, left: float | None, losses: Mapping[str, float]) -> None:
        pass

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        pass


class _Plain(_Silent):
    def __init__(self) -> None:
        self._printed = -PLAIN_SECONDS

    def show(self, step: int, last: int, left: float | None, losses: Mapping[str, float]) -> None:
        now = time.monotonic()
        if now - self._printed >= PLAIN_SECONDS or step == last:
            self._printed = now
            self.say(_line(step, last, left, losses))


class _Bar:
    def __init__(self) -> None:
        self._progress = Progress(
            BarColumn(bar_width=16), TextColumn("{task.description}"), console=Console(stderr=True)
        )
        self._task = self._progress.add_task("", total=None, visible=False)
        self._progress.start()

    def show(self, step: int, last: int, left: float | None, losses: Mapping[str, float]) -> None:
        line = _line(step, last, left, {name: losses[name] for name in ON_THE_BAR if name in losses})
        self._progress.update(self._task, description=line, total=last, completed=step, visible=True)

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()
