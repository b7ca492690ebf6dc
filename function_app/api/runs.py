"""The batches of a job, and the log of one's latest run."""

from __future__ import annotations

import asyncio
from typing import Any

from activities.batches import batch_rows
from function_app.api.bodies import query_number
from function_app.api.conditional import conditional, weak_tag
from function_app.api.finding import job_named, telling_batch, view_and_attempts, waiting_headers
from function_app.api.messages import Reply, Request
from function_app.api.problems import problem
from function_app.api.surface import Surface
from reelbrush.compute.studio import studio_link
from reelbrush.job import run_id
from reelbrush.job.plan import MAX_BATCHES

LINES, MOST_LINES = 200, 2000


async def get_batches(to: Surface, request: Request) -> Reply:
    """Return `{value}` with one row per batch in order; empty while the video is being split."""
    job = job_named(request)
    view, attempts = await view_and_attempts(to, job)
    rows = await asyncio.to_thread(batch_rows, to.services, job, attempts)
    logs = request.absolute(f"/api/jobs/{job}/logs?batch=")
    settings = to.services.settings
    value: list[dict[str, Any]] = []
    for row in rows:
        studio = studio_link(settings, str(row.get("runId", "")))
        links = {"logsUrl": f"{logs}{row['index']}", **({"studioUrl": studio} if studio else {})}
        value.append({**row, **links})
    body = {"value": value}
    return conditional(request, Reply(200, body, waiting_headers(to, view)), weak_tag(body))


async def get_log(to: Surface, request: Request) -> Reply:
    """Return the last lines of the log of a batch's latest run, empty where there is none (any more).

    Without `batch` it is the one that failed last, else one that runs, else the first.
    """
    job = job_named(request)
    view, attempts = await view_and_attempts(to, job)
    lines = query_number(request, "lines", LINES, 1, MOST_LINES)
    batch = query_number(request, "batch", telling_batch(view, len(attempts)), 0, MAX_BATCHES - 1)
    if batch >= len(attempts):
        if "batch" in request.query:
            return problem(404, "BatchNotFound", f"The job {job} has no batch {batch}.")
        return _text("")
    text = await asyncio.to_thread(to.services.compute.log_tail, run_id(job, batch, attempts[batch]), lines)
    return _text(text or _kept(view, batch))


def _kept(view: dict[str, Any], batch: int) -> str:
    """What the job's state keeps of a log that is gone."""
    error = view.get("lastError", {})
    return "\n".join(error.get("log", [])) if error.get("batch") == batch else ""


def _text(text: str) -> Reply:
    return Reply(200, text, media_type="text/plain")
