"""Submit: describe a run in the store, then hand it to the compute backend. Repeating it changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import azure.durable_functions as df

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
    """Submit one run and return its id. Request: {"job", "batch": [4 ints], "attempt", "run"}."""
    return await asyncio.to_thread(submit, services(), request)


def submit(to: Services, request: dict[str, Any]) -> str:
    """Write `WorkNames.batch(run)` and submit the run, unless that was done before."""
    job, run = from_json(Job, request["job"]), str(request["run"])
    document = {
        "job": to_json(job),
        "batch": to_json(Batch(*request["batch"])),
        "attempt": request["attempt"],
        "traceparent": current_traceparent(),
    }
    to.store.put_bytes(WORK, WorkNames(job.id).batch(run), json.dumps(document).encode())
    to.compute.submit(RunRequest(job.id, run))
    return run
