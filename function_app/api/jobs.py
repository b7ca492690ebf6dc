"""One job: its state, canceling it, starting a failed one again."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from activities.cancel import cancel_job, tell_canceled
from function_app.api.conditional import conditional
from function_app.api.finding import (
    accepted,
    complete,
    instance_of,
    job_named,
    tag_of_job,
    view_and_attempts,
    view_of,
    waiting_headers,
)
from function_app.api.messages import Reply, Request
from function_app.api.problems import problem
from function_app.api.surface import Surface
from function_app.asked import check_size, job_of_upload
from function_app.job_view import decoded, state_of
from function_app.start import start_job
from reelbrush.errors import ReelbrushError
from reelbrush.job import Job, from_json

EVENT_SECONDS = 1.0  # that an answer waits for an event; its delivery goes on

log = logging.getLogger("reelbrush.api")
_telling: set[asyncio.Task[None]] = set()


async def get_one(to: Surface, request: Request) -> Reply:
    """Return the job; 304 when it is as the caller knows it, 404 when no job has this id."""
    view, attempts = await view_and_attempts(to, job_named(request))
    reply = Reply(200, await complete(to, request, view, attempts), waiting_headers(to, view))
    return conditional(request, reply, tag_of_job(to, view))


async def cancel(to: Surface, request: Request) -> Reply:
    """Stop everything of a job. Canceled again it stays as it is; 409 when it ended otherwise before."""
    job = job_named(request)
    state, found, _ = await _known(to, job)
    if state in ("Succeeded", "Failed"):
        return _ended(job, state)
    if state != "Canceled":
        if not await asyncio.to_thread(cancel_job, to.services, job):
            return _ended(job, "Succeeded")
        try:
            await to.client.terminate(job, "canceled")
        except Exception as error:  # the upkeep completes it
            log.warning("%s is canceled, but its instance could not be ended yet: %s", job, error)
        await _told(to, job, int(found.get("retry", 0)))
    return await accepted(to, request, job)


async def retry(to: Surface, request: Request) -> Reply:
    """Start a failed or canceled job again; what it has published is kept. 409 while it runs or succeeded."""
    job = job_named(request)
    state, found, shown = await _known(to, job)
    if state not in ("Failed", "Canceled"):
        return problem(
            409, "JobNotFailed", f"The job {job} is {state.lower()}; only a failed one can be retried."
        )
    try:
        job_asked = from_json(Job, found["job"])
    except (KeyError, ValueError):  # nothing of ours started it so
        text = f"It is not known what the job {job} was asked for; start it anew by POST /api/jobs."
        return problem(409, "JobUnknown", text)
    if "error" in found and (why := await asyncio.to_thread(_unusable, to, job_asked)):
        return problem(409, "UploadUnusable", why)
    number = int(found.get("retry", 0)) + 1
    spent = float(shown.get("nodeSeconds", found.get("nodeSeconds", 0.0)))
    settings, store = to.services.settings, to.services.store
    await start_job(to.client, job_asked, settings, store, retry=number, spent=spent)
    return await accepted(to, request, job)


async def _known(to: Surface, job: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return a job's state, its orchestration's input and custom status. Raises Refused (404).

    The latter two are empty when only the receipt is left of the job.
    """
    status = await instance_of(to, job)
    if status is None:
        return (await view_of(to, job))["status"], {}, {}
    return state_of(status), decoded(status.input_), decoded(status.custom_status)


def _unusable(to: Surface, job: Job) -> str:
    """Return why an upload that never became a job cannot be one now, "" when what was in its way is gone.

    Raises the error of a store that cannot be asked now.
    """
    settings, source = to.services.settings, job.source
    try:
        check_size(settings, source)
        wanted = job_of_upload(to.services.store, settings, source)
    except ReelbrushError as error:
        if error.retryable:
            raise
        return f"This upload still cannot become a job: {error}"
    if wanted.id == job.id:
        return ""
    return (
        f"This upload cannot be retried as it is: its side-car makes it the job {wanted.id}. "
        f"Ask for a job of {source.container}/{source.name[:200]} instead."
    )


def _ended(job: str, state: str) -> Reply:
    return problem(409, "JobEnded", f"The job {job} has {state.lower()} already.")


async def _told(to: Surface, job: str, retry: int) -> None:
    async def told() -> None:
        try:
            await asyncio.to_thread(tell_canceled, to.services, job, retry)
        except Exception as error:  # the upkeep does it
            log.warning("%s: the event of its cancellation could not be written: %s", job, error)

    task = asyncio.create_task(told())
    _telling.add(task)
    task.add_done_callback(_telling.discard)
    await asyncio.wait({task}, timeout=EVENT_SECONDS)
