"""Routes by which azureml-core registers environments."""

from __future__ import annotations

from tests.fakes.azureml.routing import DATA, route
from tests.fakes.azureml.service import Service
from tests.fakes.azureml.wire import Document, Reply, Request, answer, missing

_ENVIRONMENT = r"/environment/v1.0{ws}/environments/{name}"


@route("environment", "PUT", DATA, _ENVIRONMENT)
@route("environment", "PUT", DATA, _ENVIRONMENT + "/versions/{version}")
def put(service: Service, request: Request, name: str, version: str = "") -> Reply:
    """Register a version; without one the next number is taken."""
    body: Document = request.json()
    with service.lock:
        known = sum(1 for other, _ in service.environments if other == name)
        chosen = version or str(known + 1)
        document = body | {"name": name, "version": chosen}
        document.pop("Name", None)
        service.environments[name, chosen] = document
    return answer(document)


@route("environment", "GET", DATA, _ENVIRONMENT)
@route("environment", "GET", DATA, _ENVIRONMENT + "/versions/{version}")
def get(service: Service, request: Request, name: str, version: str = "") -> Reply:
    """Describe one version, the last one when none is named."""
    with service.lock:
        found = [
            document
            for (other, number), document in service.environments.items()
            if other == name and number == (version or number)
        ]
    if not found:
        raise missing(f"Environment {name} {version}")
    return answer(found[-1])
