"""What all commands that call an app share: its address, its key, and how errors end a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from reelbrush.cli.api import Api
from reelbrush.cli.exits import FAILED, INTERRUPTED, NOT_FOUND, UNREACHABLE, USAGE
from reelbrush.errors import ApiError, ReelbrushError

KEY = "REELBRUSH_KEY"
KEY_BYTES = 4096  # of a key file, at most
_WRONG_USAGE = (400, 413, 415, 422)


def calling(url: str, key_file: Path | None, command: Callable[[Api], int]) -> int:
    """Run a command with the API at `url` and return its exit code; every error ends as one line on stderr.

    The key comes from `key_file` or from the variable REELBRUSH_KEY, never from the command line.
    """
    try:
        return command(Api(url, _key(key_file)))
    except ApiError as error:
        print(error, file=sys.stderr)
        return exit_code(error)
    except (ReelbrushError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def exit_code(error: ApiError) -> int:
    """Return the exit code for an API's refusal or silence."""
    if error.status in _WRONG_USAGE:
        return USAGE
    if error.status == 404:
        return NOT_FOUND
    return FAILED if error.status == 409 else UNREACHABLE


def unknown(job: str) -> int:
    """Say that there is no such job and return the exit code for it."""
    print(f"there is no job {job}; `reelbrush list` shows the jobs", file=sys.stderr)
    return NOT_FOUND


def _key(file: Path | None) -> str:
    if file is None:
        return os.environ.get(KEY, "").strip()
    with file.open("rb") as opened:
        key = opened.read(KEY_BYTES).decode("ascii", "replace").strip()
    if not key or not key.isprintable() or not key.isascii():
        raise ApiError(f"{file} holds no key", status=400, advice="it is one line of text")
    return key
