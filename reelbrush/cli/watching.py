"""Watching a job on the terminal, the same after `submit`, `status --watch` and `retry --watch`."""

from __future__ import annotations

import json
import sys
from typing import Any

from reelbrush.cli.api import Api
from reelbrush.cli.calling import unknown
from reelbrush.cli.exits import FAILED, INTERRUPTED, OK, TIMED_OUT
from reelbrush.cli.follow import TimedOut, follow
from reelbrush.cli.progress import open_display


def watch(
    api: Api, job: str, quiet: bool, seconds: float | None = None, *, lines: bool = False
) -> tuple[int, dict[str, Any] | None]:
    """Follow a job and return an exit code with its last state, None where there is none to tell.

    With `lines` each change is printed on stdout as a line of JSON. Ctrl-C and a passed limit end the
    watching and tell how to go on; the job is not touched.
    """
    display = open_display(quiet)

    def show(view: dict[str, Any]) -> None:
        if lines:
            print(json.dumps(view, ensure_ascii=False), flush=True)
        display.show(view)

    try:
        view = follow(api, job, show, seconds=seconds)
    except KeyboardInterrupt:
        display.close()
        _detached(api, job, "detached")
        return INTERRUPTED, None
    except TimedOut:
        display.close()
        _detached(api, job, f"watched for {seconds:g} s")
        return TIMED_OUT, None
    finally:
        display.close()
    if view is None:
        return unknown(job), None
    return outcome(view), view


def outcome(view: dict[str, Any]) -> int:
    """Return the exit code for a job's state, telling on stderr why it failed."""
    if view["status"] not in ("Failed", "Canceled"):
        return OK
    error = view.get("error")
    why = f"{error['message']} ({error['code']})" if error else "the job was canceled"
    print(f"{view['id']}: {why}", file=sys.stderr)
    return FAILED


def _detached(api: Api, job: str, why: str) -> None:
    print(
        f"{why}; the job goes on. To watch again: reelbrush status {job} --watch --url {api.base_url}",
        file=sys.stderr,
        flush=True,
    )
