"""Jobs in which nothing has moved for long."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime
from typing import Any

from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from activities.traced import known_traceparent
from function_app.api.surface import Surface
from function_app.job_view import decoded
from function_app.upkeep.instances import last_change, request_of
from reelbrush.events import tell
from reelbrush.job import WorkNames
from reelbrush.job.names import WORK
from reelbrush.telemetry import job_span, names

WAITS = {
    "queued": "waits for its turn",
    "waitingForCompute": "waits for a node",
}

log = logging.getLogger("reelbrush.upkeep")


async def report_if_stuck(to: Surface, job: str, status: DurableOrchestrationStatus) -> None:
    """Log a warning and tell `stuck`, once per try of the job, when nothing moved for `stuck_minutes`.

    A job in the queue is stuck only when it does not even look whether its turn has come; one that waits for
    somebody's approval never is.
    """
    custom = decoded(status.custom_status)
    phase = str(custom.get("phase", "queued"))
    moved = last_change(status)
    if phase != "queued" and "progressAt" in custom:
        moved = datetime.fromisoformat(custom["progressAt"])
    minutes = int((to.now - moved).total_seconds() // 60)
    if phase == "awaitingApproval" or minutes < to.services.settings.stuck_minutes:
        return
    retry = int(request_of(status).get("retry", 0))
    data: dict[str, Any] = {"phase": phase, "minutes": minutes, "summary": str(custom.get("summary", phase))}
    store, reported = to.services.store, WorkNames(job).stuck
    if await asyncio.to_thread(store.stat, WORK, reported) is None:
        what = WAITS.get(phase, f"makes no progress ({phase})")
        log.warning("%s is stuck: for %d minutes it %s", job, minutes, what)
        with job_span(
            names.TELLING, await asyncio.to_thread(known_traceparent, store, job), {names.JOB: job}
        ):
            await asyncio.to_thread(tell, store, to.services.settings, job, "stuck", data, retry)
        await asyncio.to_thread(store.put_bytes, WORK, reported, json.dumps(data).encode())
