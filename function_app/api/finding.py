"""Finding a job by its id, and showing it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from activities.kept_receipt import kept_receipt
from function_app.api.conditional import weak_tag
from function_app.api.links import api_links, media_links
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused
from function_app.api.surface import Surface
from function_app.job_view import BY_THE_CLOCK, ENDED, decoded, job_view, receipt_view
from function_app.start import ORCHESTRATION
from reelbrush.job import run_id
from reelbrush.pricing.prices import price_of

# as `job_id` makes them; anything else is no id and never reaches the durable client or a blob name
_JOB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{10}")


def job_named(request: Request) -> str:
    """Return the job id of the route. Raises Refused (404) when it cannot be one."""
    job = request.params["id"]
    if len(job) > 51 or not _JOB.fullmatch(job):
        raise not_found(job)
    return job


def not_found(job: str) -> Refused:
    """Return the refusal of an id that no job has."""
    return Refused(404, "JobNotFound", f"There is no job {job[:64]}.")


async def instance_of(to: Surface, job: str) -> DurableOrchestrationStatus | None:
    """Return the orchestration instance of a job, or None."""
    status = await to.client.get_status(job)
    return status if status and status.name == ORCHESTRATION else None


async def view_of(to: Surface, job: str) -> dict[str, Any]:
    """Return the job's document without links. Raises Refused (404)."""
    return (await view_and_attempts(to, job))[0]


async def view_and_attempts(to: Surface, job: str) -> tuple[dict[str, Any], list[int]]:
    """Return the job's document without links, and the number in the id of each batch's latest run.

    Where nothing else is left of a job, its receipt tells the document. Raises Refused (404).
    """
    status = await instance_of(to, job)
    if status is not None:
        return shown(to, status), _attempts(status)
    receipt = await asyncio.to_thread(kept_receipt, to.services.store, job)
    if receipt is None:
        raise not_found(job)
    return receipt_view(job, receipt), []


def shown(to: Surface, status: DurableOrchestrationStatus) -> dict[str, Any]:
    """Return the document, without links, of an instance."""
    price = price_of(to.services.settings)
    per_hour, currency = (price.per_hour, price.currency) if price is not None else (0.0, "")
    return job_view(status, to.now, per_hour, currency)


def telling_batch(view: dict[str, Any], batches: int) -> int:
    """Return the number of the batch that tells most: that which failed last, else one that runs, else 0."""
    failed = view.get("lastError", view.get("error", {})).get("batch")
    if isinstance(failed, int) and failed < batches:
        return failed
    return max(0, view.get("progress", {}).get("batchStates", "").find("R"))


async def complete(
    to: Surface, request: Request, view: dict[str, Any], attempts: Sequence[int] = ()
) -> dict[str, Any]:
    """Return the document with all links, also to its videos; `attempts` as of `view_and_attempts`."""
    media = await media_links(to, request, view)
    if "progress" not in view:  # nothing was painted so far
        del media["watch"]
    full = {**view, "links": {**api_links(to, request, view, _run(view, attempts)), **media}}
    if "result" in view:
        full["result"] = {**view["result"], "url": media["output"]}
    return full


def tag_of_job(to: Surface, view: dict[str, Any]) -> str:
    """Return the weak ETag of a job's document: it outlives signed links no longer than half their life."""
    window = int(to.now.timestamp()) // (to.services.settings.url_minutes * 30)
    steady = {name: value for name, value in view.items() if name not in BY_THE_CLOCK}
    return weak_tag([window, steady])


def waiting_headers(to: Surface, view: dict[str, Any]) -> dict[str, str]:
    """Return Retry-After, 1..15 seconds, for a job that has not ended; {} for one that has."""
    pause = max(1, min(15, round(to.services.settings.poll_seconds)))
    return {} if view["status"] in ENDED else {"Retry-After": str(pause)}


async def accepted(to: Surface, request: Request, job: str, otherwise: dict[str, Any] | None = None) -> Reply:
    """Return 202 with the job as it is now, as `otherwise` where its instance cannot be seen yet."""
    status = await instance_of(to, job)
    if status is None and otherwise is None:
        raise not_found(job)
    view = shown(to, status) if status is not None else (otherwise or {})
    headers = {"Operation-Location": request.absolute(f"/api/jobs/{job}"), **waiting_headers(to, view)}
    return Reply(202, await complete(to, request, view, _attempts(status)), headers)


def _attempts(status: DurableOrchestrationStatus | None) -> list[int]:
    return list(decoded(status.custom_status).get("attempts", [])) if status is not None else []


def _run(view: dict[str, Any], attempts: Sequence[int]) -> str:
    """The id of the run that tells most of a job, "" while there is none."""
    if not attempts:
        return ""
    batch = min(telling_batch(view, len(attempts)), len(attempts) - 1)
    return run_id(str(view["id"]), batch, attempts[batch])
