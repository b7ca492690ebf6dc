"""Asking for a job of a video that is in the store."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from function_app.api.bodies import invalid, read_body, unserved
from function_app.api.finding import accepted, job_named
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused
from function_app.api.styles import check_style
from function_app.api.surface import Surface
from function_app.asked import check_size, job_of_request
from function_app.job_view import new_view
from function_app.start import start_job
from reelbrush.errors import ReelbrushError, Refusal, StoreError
from reelbrush.job import BlobRef, parse_options, starts_job
from reelbrush.job.names import INPUT

# how `option_problems` words what is wrong with options of which each is right by itself
_TOGETHER = ("need a second style", "go together", "is before fade_start")
_FIELDS: dict[str, type] = {"blob": str, "style": str, "options": dict}


async def post_job(to: Surface, request: Request) -> Reply:
    """Ask for a job by `{blob, style?, options?}`: 201 when it is new, 200 when it is known."""
    return await _ask(to, request, None)


async def put_job(to: Surface, request: Request) -> Reply:
    """The same for a caller who knows the id; 409 with the right one where the body belongs to another."""
    return await _ask(to, request, job_named(request))


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


async def check_wishes(to: Surface, style: str | None, options: dict[str, Any] | None) -> None:
    """Raise Refused (400, 422) unless there are these styles and options."""
    if options is not None:
        check_options(options)
    for name in (style, (options or {}).get("mix")):
        if name is not None:
            await check_style(to.services, name)


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
    reply = await accepted(to, request, job.id, new_view(job))
    headers = {**reply.headers, "Location": request.absolute(f"/api/jobs/{job.id}")}
    return Reply(201 if start.started else 200, reply.body, headers)


def _unusable(error: ReelbrushError) -> Exception:
    if isinstance(error, Refusal):
        return Refused(413, "VideoTooLarge", str(error))
    return Refused(409, "UploadUnusable", str(error)) if error.code == "side-car" else error
