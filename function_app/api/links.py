"""Where a job's things are: links of the API, short-lived links into the store, links for operators."""

from __future__ import annotations

import asyncio
import base64
import gzip
from typing import Any
from urllib.parse import quote

from function_app.api.messages import Request
from function_app.api.signature import watch_path
from function_app.api.surface import Surface
from function_app.job_view import AWAITING
from reelbrush.compute.studio import studio_link
from reelbrush.telemetry import names

OVER_BUDGET = "over-budget"  # code of a job that failed for its cost


def api_links(to: Surface, request: Request, view: dict[str, Any], run: str = "") -> dict[str, str]:
    """Return the links of a job that need no work; those to actions only while the action makes sense.

    `run` is the id of the run that a link into Azure Machine Learning studio is to show, "" for none.
    """
    here = request.absolute(f"/api/jobs/{view['id']}")
    links = {
        "self": here,
        "batches": f"{here}/batches",
        "logs": f"{here}/logs",
        "media": f"{here}/media",
    }
    if view["status"] in ("NotStarted", "Running"):
        links["cancel"] = f"{here}/cancel"
    if view["status"] in ("Failed", "Canceled"):
        links["retry"] = f"{here}/retry"
    if can_approve(view):
        links["approve"] = f"{here}/approve"
    studio = studio_link(to.services.settings, run)
    if studio:
        links["amlStudio"] = studio
    if to.services.settings.insights_id:
        links["portal"] = portal_link(to.services.settings.insights_id, str(view["id"]))
    return links


async def media_links(to: Surface, request: Request, view: dict[str, Any]) -> dict[str, str]:
    """Return links to the source, to the output when there is one, and to the playlist for watching."""
    blobs = {"input": view["input"]["blob"]}
    if "result" in view:
        blobs["output"] = view["result"]["blob"]
    seconds = to.services.settings.url_minutes * 60

    def signed() -> dict[str, str]:
        store = to.services.store
        links: dict[str, str] = {}
        for name, blob in blobs.items():
            container, _, path = str(blob).partition("/")
            saved_as = path.rsplit("/", 1)[-1] if name == "output" else None
            links[name] = store.signed_url(
                container, path, write=False, seconds=seconds, download_name=saved_as
            )
        return {**links, "watch": watch_path(store, str(view["id"]), seconds)}

    return {name: request.absolute(link) for name, link in (await asyncio.to_thread(signed)).items()}


def can_approve(view: dict[str, Any]) -> bool:
    """Whether an approval would make a difference to the job of this document."""
    if view["status"] == "Failed":
        return view.get("error", {}).get("code") == OVER_BUDGET
    return view.get("phase") == AWAITING


def portal_link(resource: str, job: str) -> str:
    """Return the Azure portal's page with the log of one job; `resource` is Application Insights' id."""
    query = (
        "union traces, exceptions, requests, dependencies\n"
        f'| where tostring(customDimensions.{names.LOG_JOB}) == "{job}"'
        f' or tostring(customDimensions["{names.JOB}"]) == "{job}"'
        f' or message contains "{job}"\n'  # the lines that the Functions host passes on have no fields
        "| order by timestamp asc"
    )
    packed = base64.b64encode(gzip.compress(query.encode(), mtime=0)).decode()
    return (
        "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring_Logs/LogsBlade/resourceId/"
        f"{quote(resource, safe='')}/source/LogsBlade.AnalyticsShareLinkToQuery/q/{quote(packed, safe='')}"
    )
