"""Log records carry the job's id and the batch, wherever below the step they are written."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from reelbrush.telemetry.names import LOG_BATCH, LOG_JOB

Fields = dict[str, str | int]

_FIELDS: ContextVar[Fields] = ContextVar("reelbrush_log_fields")
_of_process: Fields = {}


@contextmanager
def log_fields(job: str, batch: int | None = None) -> Generator[None]:
    """Give all records that are logged inside, in threads of `asyncio.to_thread` too, these fields."""
    token = _FIELDS.set(_fields(job, batch))
    try:
        yield
    finally:
        _FIELDS.reset(token)


@contextmanager
def process_log_fields(job: str, batch: int) -> Generator[None]:
    """Give all records of the process these fields meanwhile, whatever thread writes them."""
    _of_process.update(_fields(job, batch))
    try:
        yield
    finally:
        _of_process.clear()


def _fields(job: str, batch: int | None) -> Fields:
    return {LOG_JOB: job} | ({LOG_BATCH: batch} if batch is not None else {})


class JobFields(logging.Filter):
    """Adds `job_id` and `batch` to records that pass a handler; what a record says itself is kept."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True always."""
        for name, value in _FIELDS.get(_of_process).items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


def add_fields(handler: logging.Handler) -> None:
    """Let `handler` see the fields; a second call changes nothing."""
    if not any(isinstance(known, JobFields) for known in handler.filters):
        handler.addFilter(JobFields())
