"""Routes by which azure-ai-ml starts, lists and cancels jobs."""

from __future__ import annotations

import re
import urllib.parse
from functools import partial

from tests.fakes.azureml.routing import ARM, route
from tests.fakes.azureml.runs import ENDED, Run, Work
from tests.fakes.azureml.schema import check
from tests.fakes.azureml.service import Service, unpack_blobs
from tests.fakes.azureml.v2_assets import code_files
from tests.fakes.azureml.wire import Document, Refusal, Reply, Request, answer, missing

_MANAGEMENT = f"https://{ARM}"


@route("submit", "PUT", ARM, "{ws}/jobs/{name}")
def put_job(service: Service, request: Request, name: str) -> Reply:
    """Start a job; of a known one, change the tags alone."""
    body: Document = request.json()
    check(service, f"job {name}", "JobBase", body)
    properties: Document = body["properties"]
    with service.lock:
        known = service.runs.get(name)
        if known is not None:
            known.tags = dict(properties.get("tags") or {})
            return answer(job_document(service, known))
    if properties["jobType"] != "Command":
        raise Refusal(400, "UserError", "only command jobs are known here")
    work = work_of(service, properties)
    service.check_work(work)
    experiment = properties.get("experimentName") or "Default"
    run = Run(name, "v2", experiment, work, body, tags=dict(properties.get("tags") or {}))
    service.begin(run)
    return answer(job_document(service, run), 201)


@route("run", "GET", ARM, "{ws}/jobs/{name}")
def get_job(service: Service, request: Request, name: str) -> Reply:
    """Describe a job."""
    return answer(job_document(service, _run(service, name)))


@route("runs", "GET", ARM, "{ws}/jobs")
def list_jobs(service: Service, request: Request) -> Reply:
    """List jobs with all the tags asked for, the newest first, in pages."""
    pairs = [part.partition("=") for part in (request.query.get("tag") or "").split(",") if part]
    wanted = {name: value for name, _, value in pairs}
    with service.lock:
        runs = [
            run
            for run in reversed(service.runs.values())
            if all(run.tags.get(name) == value for name, value in wanted.items())
        ]
        first = int(request.query.get("$skip") or 0)
        size = service.faults.scenario.page_size
        page: Document = {"value": [job_document(service, run) for run in runs[first : first + size]]}
    if first + size < len(runs):
        query = dict(request.query) | {"$skip": str(first + size)}
        page["nextLink"] = f"{_MANAGEMENT}{request.path}?{urllib.parse.urlencode(query)}"
    return answer(page)


@route("cancel", "POST", ARM, "{ws}/jobs/{name}/cancel")
def cancel(service: Service, request: Request, name: str) -> Reply:
    """Begin to stop a job; whether it is done is told at the location."""
    run = _run(service, name)
    if run.status in ENDED:
        return Reply(200)
    service.lifecycle.cancel(run)
    return Reply(202, headers=_cancelation(service, name))


@route("cancel", "GET", ARM, "{ws}/jobs/{name}/cancelation")
def cancelation(service: Service, request: Request, name: str) -> Reply:
    """Tell whether a job has stopped."""
    if _run(service, name).status in ENDED:
        return Reply(200)
    return Reply(202, headers=_cancelation(service, name))


def job_document(service: Service, run: Run) -> Document:
    """Return a run as ARM describes it. It holds no error text and no logs."""
    if run.api == "v2":
        properties: Document = dict(run.body["properties"])
    else:
        properties = {
            "jobType": "Command",
            "command": " ".join(run.work.command),
            "computeId": f"{service.workspace_id}/computes/{run.work.cluster}",
            "environmentId": f"{service.workspace_id}/environments/unknown/versions/1",
            "experimentName": run.experiment,
            "resources": {"instanceCount": run.work.nodes},
        }
    services = {
        "Tracking": {"jobServiceType": "Tracking", "endpoint": "azureml://stand-in"},
        "Studio": {"jobServiceType": "Studio", "endpoint": f"https://ml.azure.com/runs/{run.id}"},
    }
    properties |= {"status": run.status, "tags": dict(run.tags), "services": services}
    return {
        "id": f"{service.workspace_id}/jobs/{run.id}",
        "name": run.id,
        "type": "Microsoft.MachineLearningServices/workspaces/jobs",
        "systemData": {
            "createdAt": run.created,
            "createdBy": "stand-in",
            "createdByType": "ManagedIdentity",
        },
        "properties": properties,
    }


def seconds_of(duration: str | None) -> float | None:
    """Return the seconds of an ISO 8601 duration of days, hours, minutes and seconds."""
    if not duration:
        return None
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", duration)
    if found is None:
        raise Refusal(400, "UserError", f"{duration} is no duration")
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def work_of(service: Service, properties: Document) -> Work:
    """Return what a job's properties ask for. Raises Refusal for code or an environment that is not there."""
    resources: Document = properties.get("resources") or {}
    distribution: Document = properties.get("distribution") or {}
    limits: Document = properties.get("limits") or {}
    identity: Document = properties.get("identity") or {}
    name = (properties.get("computeId") or "").rsplit("/", 1)[-1]
    cluster = service.clusters.get(name)
    client = identity.get("clientId") or ""
    if cluster is not None and cluster.kind == "AmlCompute" and not client:
        client = next((own for _, own in cluster.identities.values()), "")
    command: str = properties["command"]
    inputs: Document = properties.get("inputs") or {}
    for key, given in inputs.items():
        value = given.get("value") if given.get("jobInputType") == "literal" else given.get("uri")
        command = command.replace("${{inputs." + key + "}}", str(value))
    environment = _environment(service, properties["environmentId"])
    files = code_files(service, properties["codeId"]) if properties.get("codeId") else {}
    return Work(
        cluster=name,
        command=("/bin/bash", "-c", command),
        environment={
            key: str(value) for key, value in (properties.get("environmentVariables") or {}).items()
        },
        unpack=partial(unpack_blobs, service.blobs, files),
        nodes=int(resources.get("instanceCount") or 1),
        processes=int(distribution.get("processCountPerInstance") or 1) if distribution else 0,
        seconds=seconds_of(limits.get("timeout")),
        image=(environment["properties"].get("image") or "") if environment else "",
        identity=client,
    )


def _environment(service: Service, environment_id: str) -> Document | None:
    parts = environment_id.split("/")
    name, version = parts[-3], parts[-1]
    found = service.assets.get(("environments", name, version))
    if found is None and (name, version) not in service.environments:
        raise Refusal(400, "UserError", f"Environment {name}:{version} was not found.")
    return found


def _cancelation(service: Service, name: str) -> dict[str, str]:
    location = f"{_MANAGEMENT}{service.workspace_id}/jobs/{name}/cancelation?api-version=2024-10-01"
    return {"Location": location, "Retry-After": "1"}


def _run(service: Service, name: str) -> Run:
    run = service.runs.get(name)
    if run is None:
        raise missing(f"Job {name}")
    return run
