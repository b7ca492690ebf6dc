"""Every step is a span of its job's trace, and what it logs carries the job's id."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from activities.services import services
from reelbrush.job import WorkNames
from reelbrush.job.names import WORK
from reelbrush.store import Store
from reelbrush.telemetry import job_span, log_fields, names, telemetry_started

T = TypeVar("T")
Step = Callable[[dict[str, Any]], Awaitable[T]]

log = logging.getLogger("reelbrush.telemetry")

KEPT = 2000  # jobs whose traceparent is remembered
_parents: dict[tuple[str, str], str] = {}  # (store, job) -> traceparent


def traced(activity: str) -> Callable[[Step[T]], Step[T]]:
    """Decorate an activity, below its trigger. Its request names the job: {"job": id or document, ...}."""

    def decorate(step: Step[T]) -> Step[T]:
        @functools.wraps(step)
        async def step_in_trace(request: dict[str, Any]) -> T:
            await telemetry_started()
            job, batch = subject(request)
            parent = await _parent(services().store, job)
            attributes: dict[str, str | int] = {names.JOB: job}
            if batch is not None:
                attributes[names.BATCH] = batch
            with log_fields(job, batch), job_span(names.STEP + activity, parent, attributes):
                return await step(request)

        return step_in_trace

    return decorate


def subject(request: dict[str, Any]) -> tuple[str, int | None]:
    """Return the job's id, "" when there is none, and the batch's index that an activity's request names."""
    job = request.get("job")
    if isinstance(job, dict):
        job = cast("dict[str, Any]", job).get("id")
    batch = request.get("batch")
    first = cast("list[Any]", batch)[0] if isinstance(batch, list) and batch else None
    return str(job or ""), first if isinstance(first, int) else None


def known_traceparent(store: Store, job: str) -> str:
    """Return the traceparent of a job, "" when its record is missing, unreadable or of an older release."""
    try:
        return str(json.loads(store.read_bytes(WORK, WorkNames(job).record))["traceparent"]) if job else ""
    except Exception as error:  # whatever the store's SDK raises: no step may fail for its trace
        log.debug("%s is traced on its own: %s", job, error)
        return ""


async def _parent(store: Store, job: str) -> str:
    """Return the job's traceparent; records never change, so that each is read once."""
    known = _parents.get((store.uri, job))
    if known is None:
        known = await asyncio.to_thread(known_traceparent, store, job)
        if len(_parents) >= KEPT:
            _parents.clear()
        if known:
            _parents[store.uri, job] = known
    return known
