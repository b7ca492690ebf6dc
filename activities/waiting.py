"""Waiting: what a cluster says of itself when none of a job's runs starts."""

from __future__ import annotations

import asyncio
from typing import Any

import azure.durable_functions as df

from activities.services import Services, services
from activities.traced import traced
from reelbrush.errors import ComputeError
from reelbrush.telemetry import count_wait

bp = df.Blueprint()

BUSY = "all nodes of the cluster are at work or on their way"
SILENT = "no node is at work, and the cluster gives no reason"


@bp.activity_trigger(input_name="request", activity="ask_compute")
@traced("ask_compute")
async def ask_compute(request: dict) -> dict:  # type: ignore[type-arg]
    """Return why runs wait, see `ask`. Request: {"job": id}."""
    return await asyncio.to_thread(ask, services())


def ask(to: Services) -> dict[str, Any]:
    """Return {"text": for the status}, with {"error", "dedicated"} when waiting on makes no sense.

    "dedicated" tells whether there is another cluster to go to. Raises ComputeError when the cluster cannot
    be asked for a passing reason.
    """
    settings = to.settings
    try:
        found = to.compute.waiting()
        reasons = found.errors
    except ComputeError as error:
        if error.retryable:
            raise
        found, reasons = None, (str(error),)
    if found is not None and found.busy:
        count_wait("busy")
        return {"text": BUSY}
    if not reasons:
        count_wait("silent")
        return {"text": SILENT}
    count_wait("error")
    said = "; ".join(reason.rstrip(".") for reason in reasons)[:700]
    message = (
        f"no node of the cluster {settings.cluster} has begun in {settings.queue_minutes} minutes: {said}. "
        "When the cause is removed, retry the job; what is done is kept"
    )
    return {
        "text": f"the cluster cannot give nodes: {said}"[:300],
        "error": {"code": "queue-timeout", "message": message},
        "dedicated": bool(settings.dedicated_cluster),
    }
