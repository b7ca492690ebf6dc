"""`reelbrush logs`: what the processes of a job say."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from reelbrush.cli.api import Api
from reelbrush.cli.calling import calling, unknown
from reelbrush.cli.exits import INTERRUPTED, OK
from reelbrush.cli.follow import ended

LOOK_SECONDS = 1.0  # between two looks at a log that is followed


def print_log(job: str, batch: int | None, lines: int, follow: bool, url: str, key_file: Path | None) -> int:
    """Print the last lines of a log, with `follow` also those that come until the job ends."""

    def show(api: Api) -> int:
        text = api.log(job, batch, lines)
        if text is None:
            return unknown(job if batch is None else f"{job} with a batch {batch}")
        shown = text.splitlines()
        _print(shown)
        if not shown and not follow:
            print("there is no log (yet, or any more)", file=sys.stderr)
        while follow:
            view = api.job(job)
            found = (api.log(job, batch, lines) or "").splitlines()
            _print(new_lines(shown, found))
            shown = found or shown
            if view is None or ended(view):
                break
            try:
                time.sleep(LOOK_SECONDS)
            except KeyboardInterrupt:
                return INTERRUPTED
        return OK

    return calling(url, key_file, show)


def new_lines(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """Return the lines that a log's tail `now` has beyond its earlier tail `before`."""
    for length in range(min(len(before), len(now)), 0, -1):
        if before[-length:] == now[:length]:
            return now[length:]
    return now


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        print(line, flush=True)
