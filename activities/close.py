"""Close: note that a job ended without success, so that the next one can begin."""

from __future__ import annotations

import asyncio

import azure.durable_functions as df

from activities.marks import note_end
from activities.services import services
from activities.traced import traced

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="close_job")
@traced("close_job")
async def close_job(request: dict) -> bool:  # type: ignore[type-arg]
    """Give the job's place in the queue away and return True. Request: {"job": id}."""
    await asyncio.to_thread(note_end, services().store, str(request["job"]))
    return True
