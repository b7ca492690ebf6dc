"""How sending and fetching of a file is shown on stderr."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from reelbrush.cli.progress import PLAIN_SECONDS


@contextmanager
def transfer_display(what: str, size: int, quiet: bool) -> Generator[Callable[[int], None]]:
    """Yield what takes note of the bytes that have gone so far: a bar on terminals, a line now and then
    elsewhere or with NO_COLOR, nothing when `quiet`.
    """
    if quiet:
        yield lambda done: None
    elif sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        columns = (TextColumn("{task.description}"), BarColumn(30), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(what, total=size)
            yield lambda done: progress.update(task, completed=done)
    else:
        yield _Plain(what, size).note


class _Plain:
    def __init__(self, what: str, size: int) -> None:
        self._what, self._size = what, size
        self._printed = time.monotonic()

    def note(self, done: int) -> None:
        """Print a line when the last one is some time ago."""
        if time.monotonic() - self._printed >= PLAIN_SECONDS:
            self._printed = time.monotonic()
            share = 100 * done // max(1, self._size)
            print(
                f"{self._what} {done / 1e6:.0f} of {self._size / 1e6:.0f} MB ({share}%)",
                file=sys.stderr,
                flush=True,
            )
