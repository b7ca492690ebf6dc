"""`/api/jobs/{id}/watch/{token}/{file}`: who may have which file of a job's stream."""

from __future__ import annotations

import asyncio
import logging

from function_app.api.finding import job_named
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused, problem
from function_app.api.signature import Verdict, check_token
from function_app.api.surface import Surface
from function_app.watch.films import forget_film
from function_app.watch.listing import MEDIA, PLAYLIST, first_wanted, get_media, get_playlist
from function_app.watch.pieces import FRAGMENT, INIT, NOT_YET, get_piece, not_published
from reelbrush.errors import StitchError, StoreError

_log = logging.getLogger("reelbrush.watch")


async def get_watch_file(to: Surface, request: Request) -> Reply:
    """Return one file of a job's stream.

    404 tells what is not there, 503 that a damaged part is painted again. Raises Refused: 403 for a bad
    token, 404 for what can be no job.
    """
    job, file = job_named(request), request.params["file"]
    await _check_token(to, job, request.params["token"])
    try:
        return await _file(to, job, file, request)
    except StitchError as error:
        _log.warning("%s of %s cannot be watched: %s", file, job, error)
        forget_film(to.services.store, job)
        return problem(503, "SegmentUnreadable", "A part is not sound; it is painted again.", headers=NOT_YET)
    except StoreError as error:
        if error.code != "blob-missing":
            raise
        forget_film(to.services.store, job)
        return not_published(file)


async def _file(to: Surface, job: str, file: str, request: Request) -> Reply:
    first_wanted(request)  # refused for every file, though only one reads it
    if file == PLAYLIST:
        return await get_playlist(to, job, request)
    if file == MEDIA:
        return await get_media(to, job, request)
    if file == INIT or FRAGMENT.fullmatch(file):
        return await get_piece(to, job, file, request.query.get("v", ""))
    return problem(404, "FileNotFound", f"A stream has {PLAYLIST}, {MEDIA}, {INIT} and files like 00000.m4s.")


async def _check_token(to: Surface, job: str, token: str) -> None:
    verdict = await asyncio.to_thread(check_token, to.services.store, job, token, to.now.timestamp())
    if verdict is Verdict.EXPIRED:
        raise Refused(
            403, "LinkExpired", f"This link has expired; GET /api/jobs/{job}/media gives a new one."
        )
    if verdict is Verdict.FORGED:
        raise Refused(403, "LinkInvalid", f"This link is not for watching the job {job}.")
