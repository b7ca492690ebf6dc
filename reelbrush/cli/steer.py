"""`reelbrush cancel` and `reelbrush retry`."""

from __future__ import annotations

import sys
from pathlib import Path

from reelbrush.cli.api import Api
from reelbrush.cli.calling import calling, unknown
from reelbrush.cli.exits import OK
from reelbrush.cli.status import status_block
from reelbrush.cli.watching import watch
from reelbrush.errors import ApiError


def cancel_job(job: str, url: str, key_file: Path | None) -> int:
    """Stop a job, print its id and return the exit code; a job that has ended by itself is left so."""

    def cancel(api: Api) -> int:
        try:
            view = api.cancel(job)
        except ApiError as error:
            if error.status != 409:
                raise
            print(f"{error}; nothing was to be stopped.", file=sys.stderr)
            return OK
        if view is None:
            return unknown(job)
        print(job)
        return OK

    return calling(url, key_file, cancel)


def retry_job(job: str, until_end: bool, quiet: bool, url: str, key_file: Path | None) -> int:
    """Start a failed job again, print its id and return the exit code, with `until_end` that of its end."""

    def retry(api: Api) -> int:
        if api.retry(job) is None:
            return unknown(job)
        if not until_end:
            print(job)
            return OK
        code, view = watch(api, job, quiet)
        if view is not None:
            print(status_block(view))
        return code

    return calling(url, key_file, retry)
