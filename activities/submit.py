"""Submit: describe a run in the store, then hand it to the compute backend. Repeating it changes nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df

from activities.marks import is_canceled
from activities.services import Services, services
from activities.traced import traced
from reelbrush.compute import RunRequest
from reelbrush.job import Batch, Job, WorkNames, from_json, to_json
from reelbrush.job.names import WORK
from reelbrush.telemetry import current_traceparent

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="submit_run")
@traced("submit_run")
async def submit_run(request: dict) -> str:  # type: ignore[type-arg]
    """Submit one run and return its id, "" when canceled. Request: {"job", "batch", "attempt", "run"}."""
    return await asyncio.to_thread(submit, services(), request)


def submit(to: Services, request: dict[str, Any]) -> str:
    """Write `WorkNames.batch(run)` and submit the run, unless that was done before; return its id.

    Of a canceled job nothing is submitted and "" returned. A cancellation that comes between the look at its
    mark and the submission may not see the run, so the mark is looked at again.
    """
    job, run = from_json(Job, request["job"]), str(request["run"])
    if is_canceled(to.store, job.id):
        return ""
    document = {
        "job": to_json(job),
        "batch": to_json(Batch(*request["batch"])),
        "attempt": request["attempt"],
        "submittedAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "traceparent": current_traceparent(),
    }
    to.store.put_new_bytes(WORK, WorkNames(job.id).batch(run), json.dumps(document).encode())
    to.compute.submit(RunRequest(job.id, run))
    if is_canceled(to.store, job.id):
        to.compute.cancel(job.id)
        return ""
    return run
