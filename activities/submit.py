"""Submit: describe a run in the store, then hand it to the compute backend. Repeating it changes nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df

from activities.marks import is_canceled, note_run_left
from activities.services import Services, error_result, services, styles_folder
from activities.traced import traced
from reelbrush.compute import RunRequest
from reelbrush.errors import ComputeError
from reelbrush.job import Batch, Job, WorkNames, from_json, to_json
from reelbrush.job.names import WORK
from reelbrush.job.versions import BATCH
from reelbrush.style_shelf import shelve_style
from reelbrush.telemetry import current_traceparent

bp = df.Blueprint()
log = logging.getLogger("reelbrush.submit")

_shelving = threading.Lock()
_shelved: set[tuple[str, str]] = set()  # (store, style) that this process has put there


@bp.activity_trigger(input_name="request", activity="submit_run")
@traced("submit_run")
async def submit_run(request: dict):  # type: ignore[type-arg]  # a text or an object
    """Submit one run; return its id, "" when canceled, {"error"} when no try will succeed.

    Request: {"job", "batch", "attempt", "run", "evictions"?: of this batch so far, "nodes"?: of the run,
    "patient"?: true for the answer {"later": why} instead of an exception when a later try may succeed}.
    """
    return await asyncio.to_thread(submit, services(), request)


def submit(to: Services, request: dict[str, Any]) -> str | dict[str, Any]:
    """Write `WorkNames.batch(run)` and submit the run, unless that was done before; see `submit_run`.

    Of a canceled job nothing is submitted and "" returned. A cancellation that comes between the look at its
    mark and the submission may not see the run, so the mark is looked at again; and one that an earlier
    delivery of this step submitted, or whose answer was lost, is stopped all the same.
    """
    job, run = from_json(Job, request["job"]), str(request["run"])
    description = WorkNames(job.id).batch(run)
    if is_canceled(to.store, job.id):
        return _stopped(to, job.id, run) if to.store.stat(WORK, description) is not None else ""
    batch = Batch(*request["batch"])
    document = {
        "job": to_json(job),
        "batch": to_json(batch),
        "attempt": request["attempt"],
        "version": BATCH,
        "nodes": max(to.settings.run_nodes, int(request.get("nodes", 1))),
        "submittedAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "traceparent": current_traceparent(),
    }
    to.store.put_new_bytes(WORK, description, json.dumps(document).encode())
    evictions, nodes = int(request.get("evictions", 0)), int(request.get("nodes", 1))
    try:
        if to.settings.backend != "local":
            _shelve(to, job)
        to.compute.submit(RunRequest(job.id, run, evictions, nodes, batch.frame_count))
    except ComputeError as error:
        if is_canceled(to.store, job.id):
            return _stopped(to, job.id, run)
        if error.retryable and request.get("patient"):
            log.warning("%s cannot be submitted now: %s", run, error)
            return {"later": str(error)[:300]}
        return error_result(error)
    return _stopped(to, job.id, run) if is_canceled(to.store, job.id) else run


def _stopped(to: Services, job: str, run: str) -> str:
    """Stop a run of a canceled job and return ""; where that fails, the upkeep does it."""
    note_run_left(to.store, job)
    try:
        to.compute.cancel(job, [run])
    except ComputeError as error:
        log.warning("the run %s of a canceled job could not be stopped yet: %s", run, error)
    return ""


def _shelve(to: Services, job: Job) -> None:
    """Put the job's styles where nodes find them, once per process; others wait meanwhile."""
    with _shelving:
        for style in filter(None, (job.style, job.options.mix)):
            if (to.store.uri, style) not in _shelved:
                shelve_style(to.store, styles_folder(to.settings), style)
                _shelved.add((to.store.uri, style))
