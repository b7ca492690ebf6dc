"""`reelbrush approve`: agreeing to what a job costs."""

from __future__ import annotations

from pathlib import Path

from reelbrush.cli.api import Api
from reelbrush.cli.calling import calling, unknown
from reelbrush.cli.exits import OK


def approve_job(job: str, most: float | None, url: str, key_file: Path | None) -> int:
    """Agree, up to `most` where it is given, print the job's id and return the exit code."""

    def approve(api: Api) -> int:
        if api.approve(job, most) is None:
            return unknown(job)
        print(job)
        return OK

    return calling(url, key_file, approve)
