"""Starting a job once, however often it is asked for.

What is written before the orchestration starts, in this order, makes the job known for good: its record, its
place in the list of all jobs, its ticket in the queue.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df

from activities.marks import entries_of, forget_canceling
from activities.traced import known_traceparent
from reelbrush.errors import ReelbrushError, StoreError
from reelbrush.job import Job, WorkNames, index_name, stamped_jobs, ticket_name, to_json
from reelbrush.job.codec import read_object
from reelbrush.job.names import INDEX, QUEUE, WORK
from reelbrush.job.versions import RECORD, RELEASE, NewerVersion
from reelbrush.settings import Settings
from reelbrush.store import Store
from reelbrush.telemetry import (
    current_traceparent,
    job_span,
    log_fields,
    new_traceparent,
    telemetry_started,
)
from reelbrush.telemetry import names as telemetry

ORCHESTRATION = "stylize_video"
ACTIVE = ("Pending", "Running", "Suspended", "ContinuedAsNew")

_SET_BACK_MS = 2 * 86_400_000  # that a clock may have been; a ticket of later than that is nobody's of ours
_newest: dict[str, int] = {}  # milliseconds of the newest ticket that this process made, by store


@dataclass(frozen=True)
class Start:
    """What became of a request to start a job."""

    job: Job
    started: bool
    status: str  # of the orchestration before the request; "" when it was unknown


async def start_job(
    client: df.DurableOrchestrationClient,
    job: Job,
    settings: Settings,
    store: Store,
    *,
    retry: int = 0,
    spent: float = 0.0,
    error: ReelbrushError | None = None,
) -> Start:
    """Start the orchestration of `job` unless it is known.

    With `retry` > 0, the number of this retry, a job that ended without success is started anew; `spent` are
    the seconds of nodes that it has cost so far. An `error` makes it fail at once, so that an upload that
    cannot be served is seen where people look for it.
    """
    known = await client.get_status(job.id, show_input=False)
    status = str(known.runtime_status.name) if known and known.runtime_status else ""
    may_start = not status or (retry and status in ("Failed", "Terminated", "Canceled"))
    if not may_start:
        return Start(job, False, status)
    await telemetry_started()
    parent = await asyncio.to_thread(known_traceparent, store, job.id) if retry else ""
    about = {telemetry.JOB: job.id, telemetry.STYLE: job.style}
    with log_fields(job.id), job_span(telemetry.START, parent, about):
        registered = await asyncio.to_thread(_register, store, job, retry, refused=error is not None)
        request = {**orchestration_input(job, settings, retry, spent, error), **registered}
        try:
            await client.start_new(ORCHESTRATION, job.id, request)
        except Exception as failure:
            if "already exists" not in str(failure):
                raise
            return Start(job, False, "Pending")
    return Start(job, True, status)


def orchestration_input(
    job: Job, settings: Settings, retry: int, spent: float, error: ReelbrushError | None
) -> dict[str, Any]:
    """Return the input of the orchestration of `job`; `retry` keeps its run ids apart from earlier ones."""
    refused = {"error": {"code": error.code, "message": str(error)[:1000]}} if error else {}
    return {
        **refused,
        "release": RELEASE,
        "job": to_json(job),
        "pollSeconds": settings.poll_seconds,
        **({"lingers": True} if settings.backend == "local" else {}),
        "attempts": settings.attempts,
        "evictions": settings.evictions,
        "queueMinutes": settings.queue_minutes,
        **_limit(settings),
        "retry": retry,
        **({"nodeSeconds": spent} if spent else {}),
        "startedAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def _limit(settings: Settings) -> dict[str, Any]:
    """What one job may cost, as it is shown; the plan looks at the settings themselves."""
    if not settings.max_cost:
        return {}
    return {"maxCost": settings.max_cost, "currency": settings.currency, "overCost": settings.over_cost}


def _register(store: Store, job: Job, retry: int, *, refused: bool) -> dict[str, Any]:
    """Make the job known; return {"createdAt", "ticket", "traceparent"}, always the same.

    Raises StoreError (`newer-version`) for a record that only a newer release can read, unless the job is
    `refused` anyhow.
    """
    names = WorkNames(job.id)
    now = _behind_the_queue(store)
    document: dict[str, Any] = {
        "version": RECORD,
        "job": to_json(job),
        "createdAt": now.isoformat(timespec="milliseconds"),
        "traceparent": current_traceparent() or new_traceparent(),
    }
    if retry and store.stat(WORK, names.record) is None:
        _unlist(store, job.id)
    if not store.put_new_bytes(WORK, names.record, json.dumps(document).encode()):
        try:
            known = read_object("the job's record", store.read_bytes(WORK, names.record), RECORD)
            datetime.fromisoformat(known["createdAt"]).astimezone(UTC)
            document = known
        except NewerVersion as error:
            if not refused:
                raise StoreError(str(error), retryable=False, code=error.code) from None
        except (KeyError, TypeError, ValueError, OverflowError):  # damaged: the job is made known anew
            _unlist(store, job.id)
            store.put_bytes(WORK, names.record, json.dumps(document).encode())
    created = _milliseconds(datetime.fromisoformat(document["createdAt"]))
    store.put_bytes(WORK, index_name(created, job.id), b"")
    store.delete(WORK, names.cancel)
    forget_canceling(store, job.id)
    store.delete(WORK, names.stuck)
    ticket = ticket_name(_milliseconds(now) if retry else created, job.id)
    store.put_bytes(WORK, ticket, b"")
    kept = {name: document[name] for name in ("createdAt", "traceparent") if name in document}
    return {**kept, "ticket": ticket}


def _unlist(store: Store, job: str) -> None:
    """Remove the entries of a job whose record, which tells them, is lost: it is about to get another."""
    for name in entries_of(store, INDEX, job):
        store.delete(WORK, name)


def _behind_the_queue(store: Store) -> datetime:
    """Return the present moment, or one after that of the newest ticket where a clock was set back since.

    Who came during that time would overtake all who wait, and be admitted beside those who work.
    """
    now = _milliseconds(datetime.now(UTC))
    newest = _newest.get(store.uri)
    if newest is None or newest >= now:  # else nothing was set back, and the queue need not be listed
        tickets = stamped_jobs(blob.name for blob in store.list(WORK, QUEUE))
        newest = max((at for _, at, _ in tickets if at <= now + _SET_BACK_MS), default=0)
    _newest[store.uri] = at = max(now, newest + 1)
    return datetime.fromtimestamp(at / 1000, UTC)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
