"""Following a job on an app to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from reelbrush.cli.api import Api
from reelbrush.errors import ApiError

LOOK_SECONDS = 2.0  # between two looks where the app does not say
PATIENCE_SECONDS = 120.0  # how long an app that does not answer is asked again


class TimedOut(Exception):
    """The watching ended before the job."""


def ended(job: dict[str, Any]) -> bool:
    """Tell whether a job has come to its end, well or not."""
    return job["status"] in ("Succeeded", "Failed", "Canceled")


def follow(
    api: Api, job: str, show: Callable[[dict[str, Any]], None], *, seconds: float | None = None
) -> dict[str, Any] | None:
    """Show each new state of a job until it has ended and return the last one; None for an unknown job.

    Asks no oftener than the app wants to be asked. An app that does not answer for a while is asked again.

    Raises:
        TimedOut: the job has not ended within `seconds`.
        ApiError: the app refuses, or does not answer for `PATIENCE_SECONDS`.
    """
    end = None if seconds is None else time.monotonic() + seconds
    heard, etag = time.monotonic(), ""
    while True:
        pause = LOOK_SECONDS
        try:
            answer = api.look(job, etag)
        except ApiError as error:
            if not error.retryable or time.monotonic() - heard > PATIENCE_SECONDS:
                raise
        else:
            if answer is None:
                return None
            heard, etag = time.monotonic(), answer.headers.get("ETag") or etag
            pause = _pause(answer.headers.get("Retry-After"))
            if answer.status != 304:
                show(answer.body)
                if ended(answer.body):
                    return answer.body
        if end is not None:
            if time.monotonic() >= end:
                raise TimedOut
            pause = min(pause, max(0.0, end - time.monotonic()))
        time.sleep(pause)


def _pause(wanted: str | None) -> float:
    return max(0.2, min(60.0, float(wanted))) if wanted and wanted.isdigit() else LOOK_SECONDS
