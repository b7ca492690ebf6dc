"""Cancel: stop all queued and running runs of a job."""

from __future__ import annotations

import asyncio

import azure.durable_functions as df

from activities.services import services

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="cancel_runs")
async def cancel_runs(request: dict) -> bool:  # type: ignore[type-arg]
    """Stop the runs of a job and return True. Request: {"job": id}."""
    await asyncio.to_thread(services().compute.cancel, str(request["job"]))
    return True
