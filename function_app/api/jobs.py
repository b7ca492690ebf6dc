"""One job: asking for it, its state, canceling it, starting a failed one again."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from activities.cancel import cancel_job
from function_app.api.bodies import invalid, read_body, unserved
from function_app.api.conditional import conditional
from function_app.api.finding import (
    complete,
    instance_of,
    job_named,
    not_found,
    shown,
    tag_of_job,
    view_of,
    waiting_headers,
)
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused, problem
from function_app.api.styles import check_style
from function_app.api.surface import Surface
from function_app.asked import check_size, job_of_request
from function_app.job_view import decoded, state_of
from function_app.start import start_job
from reelbrush.errors import ReelbrushError, Refusal, StoreError
from reelbrush.events import tell
from reelbrush.job import BlobRef, Job, from_json, parse_options, starts_job
from reelbrush.job.names import INPUT

EVENT_SECONDS = 1.0  # that an answer waits for an event; its delivery goes on

# how `option_problems` words what is wrong with options of which each is right by itself
_TOGETHER = ("need a second style", "go together", "is before fade_start")
_FIELDS: dict[str, type] = {"blob": str, "style": str, "options": dict}

log = logging.getLogger("reelbrush.api")
_telling: set[asyncio.Task[None]] = set()


async def get_one(to: Surface, request: Request) -> Reply:
    """Return the job; 304 when it is as the caller knows it, 404 when no job has this id."""
    view = await view_of(to, job_named(request))
    reply = Reply(200, await complete(to, request, view), waiting_headers(to, view))
    return conditional(request, reply, tag_of_job(to, view))


async def post_job(to: Surface, request: Request) -> Reply:
    """Ask for a job by `{blob, style?, options?}`: 201 when it is new, 200 when it is known."""
    return await _ask(to, request, None)


async def put_job(to: Surface, request: Request) -> Reply:
    """The same for a caller who knows the id; 409 with the right one where the body belongs to another."""
    return await _ask(to, request, job_named(request))


async def cancel(to: Surface, request: Request) -> Reply:
    """Stop everything of a job. Canceled again it stays as it is; 409 when it ended otherwise before."""
    job = job_named(request)
    status = await instance_of(to, job)
    if status is None:
        raise not_found(job)
    state = state_of(status)
    if state in ("Succeeded", "Failed"):
        return _ended(job, state)
    if state != "Canceled":
        if not await asyncio.to_thread(cancel_job, to.services, job):
            return _ended(job, "Succeeded")
        try:
            await to.client.terminate(job, "canceled")
        except Exception as error:  # the upkeep completes it
            log.warning("%s is canceled, but its instance could not be ended yet: %s", job, error)
        await _tell_canceled(to, job, decoded(status.input_))
    return await _accepted(to, request, job)


async def retry(to: Surface, request: Request) -> Reply:
    """Start a failed or canceled job again; what it has published is kept. 409 while it runs or succeeded."""
    job = job_named(request)
    status = await instance_of(to, job)
    if status is None:
        raise not_found(job)
    state = state_of(status)
    if state not in ("Failed", "Canceled"):
        return problem(
            409, "JobNotFailed", f"The job {job} is {state.lower()}; only a failed one can be retried."
        )
    found = decoded(status.input_)
    if "error" in found:
        return problem(
            409, "UploadUnusable", "The upload's wishes cannot be read; correct and upload it again."
        )
    number = int(found.get("retry", 0)) + 1
    services = to.services
    await start_job(to.client, from_json(Job, found["job"]), services.settings, services.store, retry=number)
    return await _accepted(to, request, job)


async def source_named(to: Surface, blob: str) -> BlobRef | None:
    """Return the upload `input/NAME`, or None. Raises Refused (400, 422) for what can be no upload."""
    container, _, name = blob.partition("/")
    if container != INPUT:
        raise invalid("The blob cannot be used", [f"blob is {INPUT}/NAME, not {blob[:80]!r}"])
    if not starts_job(name):
        raise unserved("The blob cannot be used", [f"{name[-80:]!r} is not the name of a video"])
    try:
        return await asyncio.to_thread(to.services.store.stat, INPUT, name)
    except StoreError as error:
        if error.retryable:
            raise
        raise unserved("The blob cannot be used", [str(error)]) from None


async def _ask(to: Surface, request: Request, expected: str | None) -> Reply:
    body = read_body(request, _FIELDS, ("blob",))
    style, options = body.get("style"), cast("dict[str, Any] | None", body.get("options"))
    await check_wishes(to, style, options)
    source = await source_named(to, body["blob"])
    if source is None:
        raise Refused(404, "BlobNotFound", f"There is no blob {body['blob'][:200]}; upload it first.")
    settings, store = to.services.settings, to.services.store
    try:
        check_size(settings, source)
        job = await asyncio.to_thread(job_of_request, store, settings, source, style, options)
    except ReelbrushError as error:
        raise _unusable(error) from None
    if expected not in (None, job.id):
        raise Refused(409, "IdMismatch", f"Blob, style and options make the job {job.id}, not {expected}.")
    start = await start_job(to.client, job, settings, store)
    reply = await _accepted(to, request, job.id)
    headers = {**reply.headers, "Location": request.absolute(f"/api/jobs/{job.id}")}
    return Reply(201 if start.started else 200, reply.body, headers)


def _unusable(error: ReelbrushError) -> Exception:
    if isinstance(error, Refusal):
        return Refused(413, "VideoTooLarge", str(error))
    return Refused(409, "UploadUnusable", str(error)) if error.code == "side-car" else error


async def check_wishes(to: Surface, style: str | None, options: dict[str, Any] | None) -> None:
    """Raise Refused (400, 422) unless there are these styles and options."""
    if options is not None:
        check_options(options)
    for name in (style, (options or {}).get("mix")):
        if name is not None:
            await check_style(to.services.settings, name)


def check_options(options: dict[str, Any]) -> None:
    """Raise Refused unless these options can be had: 400 for single values, 422 for combinations."""
    empty = [f"{name} is null; leave it out" for name, value in options.items() if value is None]
    if empty:
        raise invalid("The options cannot be used", empty)
    try:
        parse_options(options)
    except ValueError as error:
        problems = str(error).split("; ")
        together = all(any(word in text for word in _TOGETHER) for text in problems)
        raise (unserved if together else invalid)("The options cannot be used", problems) from None


async def _accepted(to: Surface, request: Request, job: str) -> Reply:
    status = await instance_of(to, job)
    if status is None:
        raise not_found(job)
    view = shown(to, status)
    headers = {"Operation-Location": request.absolute(f"/api/jobs/{job}"), **waiting_headers(to, view)}
    return Reply(202, await complete(to, request, view), headers)


def _ended(job: str, state: str) -> Reply:
    return problem(409, "JobEnded", f"The job {job} has {state.lower()} already.")


async def _tell_canceled(to: Surface, job: str, found: dict[str, Any]) -> None:
    services, number = to.services, int(found.get("retry", 0))

    async def told() -> None:
        try:
            await asyncio.to_thread(tell, services.store, services.settings, job, "cancelled", {}, number)
        except Exception as error:
            log.warning("%s: the event of its cancellation could not be written: %s", job, error)

    task = asyncio.create_task(told())
    _telling.add(task)
    task.add_done_callback(_telling.discard)
    await asyncio.wait({task}, timeout=EVENT_SECONDS)
