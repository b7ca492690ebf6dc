"""Room on the disk of the scratch folder and in memory: asked for before it is used up, and named."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from reelbrush.errors import ReelbrushError, Refusal

KEPT_FREE = 500_000_000  # bytes left to everything else on the machine
INTERMEDIATE_BYTES = 110  # of memory per pixel of a picture, most of it FFV1's; measured, see docs/limits.md
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_room(folder: Path, needed: int = 0) -> None:
    """Raise ReelbrushError `disk-full` unless `needed` bytes more fit and KEPT_FREE bytes stay free."""
    free = shutil.disk_usage(folder).free
    if free < needed + KEPT_FREE:
        raise _disk_full(folder, f"{free} bytes are free, {needed + KEPT_FREE} are needed")


def check_memory(width: int, height: int) -> None:
    """Raise Refusal `too-large` unless an intermediate of such pictures fits the memory that is free."""
    needed, free = width * height * INTERMEDIATE_BYTES, psutil.virtual_memory().available
    if needed > free:
        raise Refusal(
            f"a lossless intermediate of pictures of {width}x{height} takes {needed >> 20} MB of memory,"
            f" and {free >> 20} MB are free",
            code="too-large",
            advice="upload it as MP4 (H.264), which needs none, or retry when less is going on",
        )


@contextmanager
def full_disk_named(path: Path) -> Generator[None]:
    """Turn the failure of a block that writes `path` for want of room into ReelbrushError `disk-full`.

    The file is removed then, also when `check_room` says it; other errors pass.
    """
    try:
        yield
    except ReelbrushError as error:
        if error.code == "disk-full":
            path.unlink(missing_ok=True)
        raise
    except (OSError, ValueError) as error:
        if not _for_want_of_room(error):
            raise
        path.unlink(missing_ok=True)
        raise _disk_full(path.parent, "no space is left") from error


def _for_want_of_room(error: BaseException | None) -> bool:
    """Whether this error, or one that it hides (closing a file that cannot be written fails too), says so."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__context__
    return False


def _disk_full(folder: Path, what: str) -> ReelbrushError:
    return ReelbrushError(
        f"the disk of {folder} is full: {what}",
        code="disk-full",
        advice="free some space or give the scratch folder a larger disk, then start the job again",
    )
