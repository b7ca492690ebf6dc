"""Routes by which azureml-core finds logs. These lie in the workspace's container `azureml`."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.fakes.azureml.routing import DATA, route
from tests.fakes.azureml.service import Service
from tests.fakes.azureml.wire import Document, Reply, Request, answer, missing

_ARTIFACTS = "/artifact/v2.0{ws}/artifacts"
_CONTAINER = "azureml"


@route(
    "logs", "GET", DATA, _ARTIFACTS + r"/prefix/contentinfo/{origin}/dcid\.(?P<run>[^/]+)(?:/(?P<prefix>.*))?"
)
def with_addresses(service: Service, request: Request, origin: str, run: str, prefix: str) -> Reply:
    """List a run's files whose paths begin so, with addresses to read them."""
    value = [_document(service, run, path) for path in _files(service, run) if path.startswith(prefix)]
    return answer({"value": value, "continuationToken": None})


@route("logs", "GET", DATA, _ARTIFACTS + r"/contentinfo/{origin}/dcid\.(?P<run>[^/]+)/{path*}")
def with_address(service: Service, request: Request, origin: str, run: str, path: str) -> Reply:
    """Tell the address of one file."""
    if path not in _files(service, run):
        raise missing(f"Artifact {path}")
    return answer(_document(service, run, path))


@route(
    "logs", "GET", DATA, _ARTIFACTS + r"/(?P<origin>ExperimentRun)/dcid\.(?P<run>[^/]+)(?:/(?P<prefix>.*))?"
)
def names(service: Service, request: Request, origin: str, run: str, prefix: str) -> Reply:
    """List a run's files."""
    value = [
        {
            "artifactId": f"ExperimentRun/dcid.{run}/{path}",
            "origin": origin,
            "container": f"dcid.{run}",
            "path": path,
        }
        for path in _files(service, run)
        if path.startswith(prefix)
    ]
    return answer({"value": value, "continuationToken": None})


def log_addresses(service: Service, run: str) -> dict[str, str]:
    """Return path -> signed address of all log files of a run."""
    return {path: service.blobs.signed(_blob(run, path)) for path in _files(service, run)}


def serve_logs(service: Service) -> None:
    """Let the storage account show the logs of runs."""

    def source(name: str) -> bytes | None:
        parts = PurePosixPath(name).parts
        if parts[:2] != (_CONTAINER, "ExperimentRun") or len(parts) < 4 or ".." in parts:
            return None
        file = service.processes.logs(parts[2].removeprefix("dcid.")).joinpath(*parts[3:])
        return file.read_bytes() if file.is_file() else None

    service.blobs.sources.append(source)


def _files(service: Service, run: str) -> list[str]:
    if run not in service.runs:
        raise missing(f"Run {run}")
    folder = service.processes.logs(run)
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def _blob(run: str, path: str) -> str:
    return f"{_CONTAINER}/ExperimentRun/dcid.{run}/{path}"


def _document(service: Service, run: str, path: str) -> Document:
    address = service.blobs.signed(_blob(run, path))
    return {"contentUri": address, "origin": "ExperimentRun", "container": f"dcid.{run}", "path": path}
