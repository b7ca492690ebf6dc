"""What the HTTP routes do, without any framework: durable client in, `Reply` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import azure.durable_functions as df

from function_app.job_view import decoded, job_view
from function_app.start import ACTIVE, ORCHESTRATION, start_job
from reelbrush.job import Job, from_json
from reelbrush.settings import Settings


@dataclass(frozen=True)
class Reply:
    """An HTTP answer: status 100..599, a JSON body, headers."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def problem(status: int, code: str, detail: str) -> Reply:
    """Return a problem document (RFC 9457) with a stable `code`."""
    title = {404: "Not found", 409: "Conflict"}.get(status, "Error")
    return Reply(
        status, {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    )


async def get_job(client: df.DurableOrchestrationClient, job: str) -> Reply:
    """Return the job's state; 404 when no job has this id."""
    status = await client.get_status(job)
    if not status or status.name != ORCHESTRATION:
        return problem(404, "JobNotFound", f"There is no job {job}.")
    view = job_view(status)
    return Reply(200, view, {} if "endedAt" in view else {"Retry-After": "2"})


async def retry_job(client: df.DurableOrchestrationClient, job: str) -> Reply:
    """Start a failed or canceled job again; what it has published is kept. 409 while it runs or succeeded."""
    status = await client.get_status(job)
    if not status or status.name != ORCHESTRATION:
        return problem(404, "JobNotFound", f"There is no job {job}.")
    known = status.runtime_status.name if status.runtime_status else ""
    if known in ACTIVE or known == "Completed":
        return problem(
            409, "JobNotFailed", f"The job {job} is {known.lower()}; only a failed one can be retried."
        )
    found = decoded(status.input_)
    if "error" in found:
        return problem(
            409, "UploadUnusable", "The upload's wishes cannot be read; correct and upload it again."
        )
    retry = int(found.get("retry", 0)) + 1
    await start_job(client, from_json(Job, found["job"]), Settings.from_env(), retry=retry)
    return Reply(202, job_view(await client.get_status(job)), {"Operation-Location": f"/api/jobs/{job}"})
