"""Log records carry the job's id and the batch, wherever below the step they are written."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from reelbrush.telemetry.names import LOG_BATCH, LOG_JOB

_FIELDS: ContextVar[dict[str, str | int]] = ContextVar("reelbrush_log_fields")


@contextmanager
def log_fields(job: str, batch: int | None = None) -> Generator[None]:
    """Give all records that are logged inside, in threads of `asyncio.to_thread` too, these fields."""
    token = _FIELDS.set({LOG_JOB: job} | ({LOG_BATCH: batch} if batch is not None else {}))
    try:
        yield
    finally:
        _FIELDS.reset(token)


class JobFields(logging.Filter):
    """Adds `job_id` and `batch` to records that pass a handler; what a record says itself is kept."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True always."""
        for name, value in _FIELDS.get({}).items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


def add_fields(handler: logging.Handler) -> None:
    """Let `handler` see the fields; a second call changes nothing."""
    if not any(isinstance(known, JobFields) for known in handler.filters):
        handler.addFilter(JobFields())
