"""One job: its state, and starting a failed one again."""

from __future__ import annotations

from function_app.api.messages import Reply, Request
from function_app.api.problems import problem
from function_app.api.surface import Surface
from function_app.job_view import decoded, job_view
from function_app.start import ACTIVE, ORCHESTRATION, start_job
from reelbrush.job import Job, from_json


async def get_job(to: Surface, request: Request) -> Reply:
    """Return the job's state; 404 when no job has this id."""
    job = request.params["id"]
    status = await to.client.get_status(job)
    if not status or status.name != ORCHESTRATION:
        return problem(404, "JobNotFound", f"There is no job {job}.")
    view = job_view(status)
    return Reply(200, view, {} if "endedAt" in view else {"Retry-After": "2"})


async def retry_job(to: Surface, request: Request) -> Reply:
    """Start a failed or canceled job again; what it has published is kept. 409 while it runs or succeeded."""
    job = request.params["id"]
    status = await to.client.get_status(job)
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
    services = to.services
    await start_job(
        to.client, from_json(Job, found["job"]), services.settings, services.store, retry=retry
    )
    location = request.absolute(f"/api/jobs/{job}")
    return Reply(202, job_view(await to.client.get_status(job)), {"Operation-Location": location})
