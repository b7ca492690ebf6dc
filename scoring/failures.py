"""What ended a run, as the result document says it."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass

from reelbrush.errors import ReelbrushError, ScoringError


class Canceled(ScoringError):
    """The run was asked to stop before its share was published; what is published stays."""

    code = "canceled"


@dataclass(frozen=True)
class Failure:
    """`code` of the error, `message` for people, whether another attempt may succeed, lines for the log."""

    code: str
    message: str
    retryable: bool
    log: str


def describe(error: BaseException) -> Failure:
    """Return what `error` means for the run.

    The product's own errors speak for themselves. Lack of memory or disk and a store's failing connection are
    worth another attempt; so is anything unexpected, whose traceback goes into the log.
    """
    if isinstance(error, ReelbrushError):
        return Failure(error.code, str(error), error.retryable, str(error))
    if isinstance(error, MemoryError):
        text = "the process ran out of memory. Use fewer --threads or a node with more memory"
        return Failure("out-of-memory", text, True, text)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        text = f"the disk is full: {error}. Free some space where temporary files or the store lie"
        return Failure("disk-full", text, True, text)
    if any(kind.__module__.startswith("azure.") for kind in type(error).__mro__):
        text = f"the store failed: {' '.join(str(error).split())[:500]}"
        return Failure("store", text, True, text)
    lines = traceback.format_exception(error)
    last = " ".join(traceback.format_exception_only(error)[-1].split())
    return Failure("internal", f"unexpected: {last[:600]}", True, "".join(lines[-12:]))
