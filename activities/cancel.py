"""Cancel: stop all queued and running runs of a job, or the job as a whole."""

from __future__ import annotations

import asyncio

import azure.durable_functions as df

from activities.marks import (
    CANCELED,
    decide,
    forget_canceling,
    is_told,
    note_canceling,
    note_end,
    note_told,
)
from activities.services import Services, services
from activities.traced import traced
from reelbrush.events import tell
from reelbrush.job.names import OUTPUT

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="cancel_runs")
@traced("cancel_runs")
async def cancel_runs(request: dict) -> bool:  # type: ignore[type-arg]
    """Stop the runs of a job and return True. Request: {"job": id}."""
    await asyncio.to_thread(services().compute.cancel, str(request["job"]))
    return True


def cancel_job(to: Services, job: str) -> bool:
    """Stop everything of a job but its orchestration; False when the job has finished before, untouched.

    From now on no step of the job does anything final. May be repeated. The caller terminates the instance
    and tells the event; should it die on the way, the upkeep does.
    """
    note_canceling(to.store, job)
    if decide(to.store, job, CANCELED) != CANCELED:
        forget_canceling(to.store, job)
        return False
    to.compute.cancel(job)
    to.store.delete_prefix(OUTPUT, f"{job}/")
    note_end(to.store, job)
    return True


def tell_canceled(to: Services, job: str, retry: int) -> None:
    """Tell that a job was canceled, unless that was done; `retry` is the number of the try."""
    if not is_told(to.store, job):
        tell(to.store, to.settings, job, "cancelled", {}, retry)
        note_told(to.store, job)
