"""Cancel: stop all queued and running runs of a job, or the job as a whole."""

from __future__ import annotations

import asyncio
import logging

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
from activities.traced import known_traceparent, traced
from reelbrush.errors import ComputeError
from reelbrush.events import tell
from reelbrush.job import WorkNames
from reelbrush.job.names import OUTPUT, WORK
from reelbrush.store import Store
from reelbrush.telemetry import job_span, names

bp = df.Blueprint()
log = logging.getLogger("reelbrush.cancel")


@bp.activity_trigger(input_name="request", activity="cancel_runs")
@traced("cancel_runs")
async def cancel_runs(request: dict) -> bool:  # type: ignore[type-arg]
    """Stop the runs of a job and return True. Request: {"job": id}."""
    to, job = services(), str(request["job"])
    await asyncio.to_thread(lambda: to.compute.cancel(job, open_runs(to.store, job)))
    return True


def open_runs(store: Store, job: str) -> list[str]:
    """Return the ids of all runs that were described and have left no result, of all attempts.

    They may have been submitted, even where the backend does not know whose they are.
    """
    folder = WorkNames(job).runs
    files: dict[str, set[str]] = {}
    for blob in store.list(WORK, folder):
        run, _, name = blob.name.removeprefix(folder).partition("/")
        files.setdefault(run, set()).add(name)
    return [run for run, found in files.items() if "result.json" not in found]


def cancel_job(to: Services, job: str) -> bool:
    """Stop everything of a job but its orchestration; False when the job has finished before, untouched.

    From now on no step of the job does anything final. May be repeated. The caller terminates the instance
    and tells the event; should it die on the way, the upkeep does.
    """
    note_canceling(to.store, job)
    if decide(to.store, job, CANCELED) != CANCELED:
        forget_canceling(to.store, job)
        return False
    try:
        to.compute.cancel(job, open_runs(to.store, job))
    except ComputeError as error:  # the upkeep does it
        log.warning("the runs of %s could not be stopped yet: %s", job, error)
    to.store.delete_prefix(OUTPUT, f"{job}/")
    note_end(to.store, job)
    return True


def tell_canceled(to: Services, job: str, retry: int) -> None:
    """Tell that a job was canceled, unless that was done; `retry` is the number of the try."""
    if not is_told(to.store, job):
        with job_span(names.TELLING, known_traceparent(to.store, job), {names.JOB: job}):
            tell(to.store, to.settings, job, "cancelled", {}, retry)
        note_told(to.store, job)
