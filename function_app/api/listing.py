"""The list of jobs, newest first, and the jobs of one upload."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from function_app.api.asking import source_named
from function_app.api.bodies import invalid, query_number, unserved
from function_app.api.conditional import conditional, weak_tag
from function_app.api.finding import instance_of, shown, waiting_headers
from function_app.api.links import api_links
from function_app.api.messages import Reply, Request
from function_app.api.surface import Surface
from function_app.asked import job_of_upload, plain_job
from function_app.job_view import BY_THE_CLOCK, STATUSES
from reelbrush.errors import ReelbrushError, StoreError
from reelbrush.job import BlobRef, stamped_jobs
from reelbrush.job.names import INDEX, WORK

TOP, MOST = 20, 100
LOOKED_AT = 200  # entries of the index per request, at most, when a filter leaves many out
_PAGE = 50  # of the index, when a filter is set


@dataclass(frozen=True)
class _Place:
    """Where a list goes on: a page of the index, and the last entry of it that was dealt with."""

    page: str = ""
    after: str = ""

    def token(self) -> str:
        text = json.dumps([self.page, self.after], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @staticmethod
    def of(token: str) -> _Place:
        try:
            padded = token.encode("ascii") + b"=" * (-len(token) % 4)
            found = json.loads(base64.b64decode(padded, b"-_", validate=True))
            page, after = found
        except (ValueError, TypeError, RecursionError):
            raise _bad_token() from None
        if not (isinstance(page, str) and isinstance(after, str)):
            raise _bad_token()
        return _Place(page, after)


async def list_jobs(to: Surface, request: Request) -> Reply:
    """Return `{value, nextLink?}`: jobs newest first, or with `blob=` the job of that upload.

    A page may hold fewer than `top` jobs, or none, and still have a `nextLink`.
    """
    top = query_number(request, "top", TOP, 1, MOST)
    wanted = request.query.get("status")
    if wanted is not None and wanted not in STATUSES:
        raise invalid("The query cannot be used", [f"status is one of {', '.join(STATUSES)}"])
    place = _Place.of(request.query["token"]) if "token" in request.query else _Place()
    if "blob" in request.query:
        return await _of_blob(to, request, request.query["blob"])
    views, following = await _collect(to, top, wanted, place)
    body: dict[str, Any] = {"value": [_linked(to, request, view) for view in views]}
    if following is not None:
        query = {"top": str(top), **({"status": wanted} if wanted else {}), "token": following.token()}
        body["nextLink"] = request.absolute(f"/api/jobs?{urlencode(query)}")
    return _answer(to, request, body)


async def _collect(
    to: Surface, top: int, wanted: str | None, place: _Place
) -> tuple[list[dict[str, Any]], _Place | None]:
    """Return at most `top` documents from `place` on and where to go on, None at the end."""
    found: list[dict[str, Any]] = []
    looked = 0
    size = _PAGE if wanted else top
    while True:
        names, following = await asyncio.to_thread(_index_page, to, size, place.page)
        fresh = [(name, job) for name, _, job in stamped_jobs(names) if name > place.after]
        for (name, _), view in zip(fresh, await _views(to, [job for _, job in fresh]), strict=True):
            if view is not None and wanted in (None, view["status"]):
                if len(found) == top:
                    return found, place
                found.append(view)
            place = _Place(place.page, name)
        looked += len(names)
        if not following:
            return found, None
        place = _Place(following)
        if len(found) == top or looked >= LOOKED_AT:
            return found, place


async def _views(to: Surface, jobs: list[str]) -> list[dict[str, Any] | None]:
    """Return the documents of jobs, None for one whose instance is gone."""
    statuses = await asyncio.gather(*(instance_of(to, job) for job in jobs))
    return [None if status is None else shown(to, status) for status in statuses]


def _index_page(to: Surface, size: int, token: str) -> tuple[list[str], str]:
    try:
        page = to.services.store.list_page(WORK, INDEX, size, token)
    except StoreError as error:
        if error.code == "bad-token":
            raise _bad_token() from None
        raise
    return [blob.name for blob in page.blobs], page.next


async def _of_blob(to: Surface, request: Request, blob: str) -> Reply:
    source = await source_named(to, blob)
    job = await asyncio.to_thread(_job_of, to, source) if source is not None else None
    status = await instance_of(to, job) if job is not None else None
    views = [] if status is None else [shown(to, status)]
    reply = _answer(to, request, {"value": [_linked(to, request, view) for view in views]})
    headers = {"Retry-After": "1"} if not views else waiting_headers(to, views[0])
    return Reply(reply.status, reply.body, {**reply.headers, **headers}, reply.media_type)


def _job_of(to: Surface, source: BlobRef) -> str:
    try:
        return job_of_upload(to.services.store, to.services.settings, source).id
    except ReelbrushError as error:
        if error.retryable:
            raise
        return plain_job(to.services.settings, source).id


def _linked(to: Surface, request: Request, view: dict[str, Any]) -> dict[str, Any]:
    return {**view, "links": api_links(to, request, view)}


def _answer(to: Surface, request: Request, body: dict[str, Any]) -> Reply:
    steady = [{k: v for k, v in view.items() if k not in BY_THE_CLOCK} for view in body["value"]]
    return conditional(request, Reply(200, body), weak_tag([steady, body.get("nextLink")]))


def _bad_token() -> Exception:
    return unserved("The query cannot be used", ["token is not one of a nextLink"])
