"""Routes by which azureml-core starts and cancels runs."""

from __future__ import annotations

import sys
from functools import partial

from tests.fakes.azureml.routing import DATA, route
from tests.fakes.azureml.runs import Run, Work
from tests.fakes.azureml.service import Service, unpack_blobs
from tests.fakes.azureml.wire import Document, Refusal, Reply, Request, answer, missing


@route("submit", "POST", DATA, "/execution/v1.0{ws}/experiments/{experiment}/snapshotrun")
def submit(service: Service, request: Request, experiment: str) -> Reply:
    """Start a run of a snapshot under the id that the caller chose."""
    body: Document = request.json()
    settings: Document = body["Configuration"]
    files = service.snapshots.get(body["SnapshotId"])
    if files is None:
        raise Refusal(400, "UserError", f"Snapshot {body['SnapshotId']} was not found.")
    if settings.get("command"):
        given = settings["command"]
        command = ("/bin/bash", "-c", given if isinstance(given, str) else " ".join(given))
    else:
        command = (sys.executable, settings["script"], *map(str, settings.get("arguments") or ()))
    environment: Document = settings.get("environment") or {}
    distributed = str(settings.get("communicator") or "None").lower() != "none"
    processes = int((settings.get("mpi") or {}).get("processCountPerNode") or 1)
    seconds = settings.get("maxRunDurationSeconds")
    docker: Document = environment.get("docker") or {}
    cluster = service.clusters.get(settings["target"])
    work = Work(
        cluster=settings["target"],
        command=command,
        environment=_texts(environment.get("environmentVariables"))
        | _texts(settings.get("environmentVariables")),
        unpack=partial(unpack_blobs, service.blobs, files),
        nodes=int(settings.get("nodeCount") or 1),
        processes=processes if distributed else 0,
        seconds=float(seconds) if seconds else None,
        image=docker.get("baseImage") or "",
        identity=_identity(service, settings["target"]) if cluster and cluster.kind == "AmlCompute" else "",
    )
    service.check_work(work)
    service.experiment(experiment)
    run = Run(request.query["runId"], "v1", experiment, work, body)
    run.properties = {
        "ContentSnapshotId": body["SnapshotId"],
        "_azureml.ComputeTargetType": "amlctrain",
    }
    service.begin(run)
    return answer({"runId": run.id})


@route("cancel", "POST", DATA, "/execution/v1.0{ws}/experiments/{experiment}/runId/{run}/cancel")
def cancel(service: Service, request: Request, experiment: str, run: str) -> Reply:
    """Stop a run."""
    found = service.runs.get(run)
    if found is None:
        raise missing(f"Run {run}")
    service.lifecycle.cancel(found)
    return answer({})


def _texts(variables: Document | None) -> dict[str, str]:
    return {name: str(value) for name, value in (variables or {}).items()}


def _identity(service: Service, cluster: str) -> str:
    # The default identity of a cluster is its first.
    return next((client for _, client in service.clusters[cluster].identities.values()), "")
