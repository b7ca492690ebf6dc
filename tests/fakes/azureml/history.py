"""Routes of the run history: what runs are, in the words of azureml-core."""

from __future__ import annotations

from tests.fakes.azureml.artifacts import log_addresses
from tests.fakes.azureml.odata import matcher
from tests.fakes.azureml.routing import DATA, route
from tests.fakes.azureml.runs import Run
from tests.fakes.azureml.service import DATA_URL, Service, check_tags
from tests.fakes.azureml.wire import Document, Reply, Request, answer, missing

_HISTORY = "/history/v1.0{ws}"
_OF_RUN = _HISTORY + r"/(?:experiments|experimentids)/(?P<experiment>[^/:]+)/runs/(?P<run>[^/:]+)"


@route("experiment", "GET", DATA, _HISTORY + r"/experiments/(?P<experiment>[^/:]+)")
def get_experiment(service: Service, request: Request, experiment: str) -> Reply:
    """Describe an experiment."""
    found = service.experiments.get(experiment)
    if found is None:
        raise missing(f"Experiment {experiment}")
    return answer(found)


@route("experiment", "GET", DATA, _HISTORY + r"/experimentids/(?P<experiment>[^/:]+)")
def get_experiment_by_id(service: Service, request: Request, experiment: str) -> Reply:
    """Describe an experiment."""
    for found in list(service.experiments.values()):
        if found["experimentId"] == experiment:
            return answer(found)
    raise missing(f"Experiment {experiment}")


@route("experiment", "POST", DATA, _HISTORY + r"/experiments/(?P<experiment>[^/:]+)")
def create_experiment(service: Service, request: Request, experiment: str) -> Reply:
    """Make an experiment."""
    return answer(service.experiment(experiment))


@route("runs", "POST", DATA, _HISTORY + r"/experiments/(?P<experiment>[^/:]+)/runs:query")
def query(service: Service, request: Request, experiment: str) -> Reply:
    """List runs that fit a filter, the newest first, in pages."""
    body: Document = request.json()
    fits = matcher(body.get("filter") or "")
    with service.lock:
        runs = [run for run in service.runs.values() if run.experiment == experiment]
        documents = [run_document(service, run) for run in reversed(runs)]
    documents = [document for document in documents if fits(document)]
    first = int(body.get("continuationToken") or 0)
    size = min(int(body.get("top") or 500), service.faults.scenario.page_size)
    more = str(first + size) if first + size < len(documents) else None
    return answer({"value": documents[first : first + size], "continuationToken": more})


@route("run", "GET", DATA, _OF_RUN)
def get_run(service: Service, request: Request, experiment: str, run: str) -> Reply:
    """Describe a run."""
    return answer(run_document(service, _run(service, run)))


@route("run", "GET", DATA, _HISTORY + r"/runs/(?P<run>[^/:]+)")
def get_run_of_workspace(service: Service, request: Request, run: str) -> Reply:
    """Describe a run."""
    return answer(run_document(service, _run(service, run)))


@route("tags", "PATCH", DATA, _OF_RUN)
def patch_run(service: Service, request: Request, experiment: str, run: str) -> Reply:
    """Add tags and properties. A property that is there already stays as it is."""
    found, body = _run(service, run), request.json()
    check_tags(found.tags | (body.get("tags") or {}))
    with service.lock:
        found.tags.update(body.get("tags") or {})
        found.properties = (body.get("properties") or {}) | found.properties
    return answer(run_document(service, found))


@route("details", "GET", DATA, _OF_RUN + "/details")
@route(
    "details", "GET", DATA, _HISTORY + r"/experimentids/(?P<experiment>[^/:]+)/runs/(?P<run>[^/:]+)/details"
)
def details(service: Service, request: Request, experiment: str, run: str) -> Reply:
    """Describe a run with its error and the addresses of its logs."""
    return answer(_details(service, _run(service, run)))


@route("details", "GET", DATA, _HISTORY + r"/runs/(?P<run>[^/:]+)/details")
def details_of_workspace(service: Service, request: Request, run: str) -> Reply:
    """Describe a run with its error and the addresses of its logs."""
    return answer(_details(service, _run(service, run)))


@route("event", "POST", DATA, _OF_RUN + "/events")
def event(service: Service, request: Request, experiment: str, run: str) -> Reply:
    """Take an event of a run and forget it."""
    return answer({})


@route("event", "GET", DATA, _OF_RUN + "/metricsingest/wait")
def metrics(service: Service, request: Request, experiment: str, run: str) -> Reply:
    """Say that all metrics have arrived; there are none."""
    return answer({})


def run_document(service: Service, run: Run) -> Document:
    """Return a run as the run history describes it."""
    with service.lock:
        experiment = service.experiment(run.experiment)
        return {
            "runNumber": run.number,
            "rootRunId": run.id,
            "parentRunId": None,
            "experimentId": experiment["experimentId"],
            "runId": run.id,
            "createdUtc": run.created,
            "userId": "stand-in",
            "status": run.status,
            "startTimeUtc": run.started,
            "endTimeUtc": run.ended,
            "hidden": False,
            "dataContainerId": f"dcid.{run.id}",
            "runType": "azureml.scriptrun" if run.api == "v1" else "azureml.commandjob",
            "name": run.id,
            "displayName": run.id,
            "description": None,
            "properties": dict(run.properties),
            "tags": dict(run.tags),
            "target": run.work.cluster,
            "createdBy": {"userObjectId": "0", "userName": "stand-in"},
            "runUuid": run.uuid,
            "cancelUri": (
                f"{DATA_URL}/execution/v1.0{service.workspace_id}/experiments/{run.experiment}/runId/{run.id}/cancel"
            ),
            "diagnosticsUri": None,
            "error": {"error": dict(run.error)} if run.error else None,
            "warnings": None,
        }


def _details(service: Service, run: Run) -> Document:
    document = run_document(service, run)
    kept = ("runId", "target", "status", "startTimeUtc", "endTimeUtc", "error", "warnings", "properties")
    return {name: document[name] for name in kept} | {
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": run.body.get("Configuration"),
        "logFiles": log_addresses(service, run.id),
        "services": {},
    }


def _run(service: Service, run: str) -> Run:
    found = service.runs.get(run)
    if found is None:
        raise missing(f"Run {run}")
    return found
