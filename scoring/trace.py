"""The run within its job's trace, and the fields of its log."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry.trace import SpanKind

from reelbrush.job import Batch, Job
from reelbrush.telemetry import job_span, names, process_log_fields
from scoring.mpi import Rank
from scoring.progress import Tally


@contextmanager
def run_span(
    job: Job, batch: Batch, attempt: int, traceparent: str, rank: Rank, tally: Tally
) -> Generator[None]:
    """Enter the span of this process's share of a run; at its end it tells the frames of `tally`."""
    attributes: dict[str, str | int] = {
        names.JOB: job.id,
        names.BATCH: batch.index,
        names.ATTEMPT: attempt,
        names.RANK: rank.rank,
        names.STYLE: job.style,
    }
    with (
        process_log_fields(job.id, batch.index),
        job_span(names.RUN, traceparent, attributes, SpanKind.CONSUMER) as span,
    ):
        try:
            yield
        finally:
            span.set_attribute(names.FRAMES, tally.painted)
