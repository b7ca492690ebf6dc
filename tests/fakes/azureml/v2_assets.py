"""Routes by which azure-ai-ml uploads code and registers environments."""

from __future__ import annotations

import urllib.parse
import uuid

from tests.fakes.azureml.routing import ARM, route
from tests.fakes.azureml.runs import now
from tests.fakes.azureml.schema import check
from tests.fakes.azureml.service import ACCOUNT, BLOB_URL, Service
from tests.fakes.azureml.wire import Document, Reply, Request, answer, missing


@route("upload", "PUT", ARM, "{ws}/codes/{name}/versions/{version}")
def put_code(service: Service, request: Request, name: str, version: str) -> Reply:
    """Register uploaded code."""
    return _put(service, request, "codes", "CodeVersion", name, version)


@route("environment", "PUT", ARM, "{ws}/environments/{name}/versions/{version}")
def put_environment(service: Service, request: Request, name: str, version: str) -> Reply:
    """Register an environment."""
    return _put(service, request, "environments", "EnvironmentVersion", name, version)


@route("upload", "GET", ARM, "{ws}/codes/{name}/versions/{version}")
def get_code(service: Service, request: Request, name: str, version: str) -> Reply:
    """Describe code."""
    return _get(service, "codes", name, version)


@route("environment", "GET", ARM, "{ws}/environments/{name}/versions/{version}")
def get_environment(service: Service, request: Request, name: str, version: str) -> Reply:
    """Describe one version of an environment, also one that azureml-core registered."""
    known = service.environments.get((name, version))
    if known is not None and ("environments", name, version) not in service.assets:
        docker: Document = known.get("Docker") or known.get("docker") or {}
        properties = {"image": docker.get("baseImage") or docker.get("BaseImage"), "osType": "Linux"}
        return answer(_document(service, "environments", name, version, properties))
    return _get(service, "environments", name, version)


@route("upload", "GET", ARM, "{ws}/codes/{name}/versions")
def list_code(service: Service, request: Request, name: str) -> Reply:
    """List versions; with `hash`, code of any name with this content."""
    wanted = request.query.get("hash")
    with service.lock:
        found = [
            document
            for (kind, other, _), document in service.assets.items()
            if kind == "codes"
            and (
                (document["properties"].get("properties") or {}).get("hash_sha256") == wanted
                if wanted
                else other == name
            )
        ]
    return answer({"value": found})


@route("environment", "GET", ARM, "{ws}/environments/{name}/versions")
def list_environment(service: Service, request: Request, name: str) -> Reply:
    """List the versions of an environment, the newest first."""
    with service.lock:
        found = [
            document
            for (kind, other, _), document in service.assets.items()
            if kind == "environments" and other == name
        ]
    return answer({"value": found[::-1]})


@route("environment", "GET", ARM, "{ws}/environments/{name}")
def get_environment_container(service: Service, request: Request, name: str) -> Reply:
    """Tell an environment's latest and next version."""
    with service.lock:
        versions = [
            version for kind, other, version in service.assets if (kind, other) == ("environments", name)
        ]
    if not versions:
        raise missing(f"Environment {name}")
    properties = {"latestVersion": versions[-1], "nextVersion": str(len(versions) + 1), "isArchived": False}
    return answer(
        {"id": f"{service.workspace_id}/environments/{name}", "name": name, "properties": properties}
    )


@route("upload", "POST", ARM, "{ws}/codes/{name}/versions/{version}/startPendingUpload")
def start_upload(service: Service, request: Request, name: str, version: str) -> Reply:
    """Give code a container of its own that it may be put to."""
    container = f"{name}-{version}"
    return answer(
        {
            "pendingUploadId": str(uuid.uuid4()),
            "pendingUploadType": "TemporaryBlobReference",
            "blobReferenceForConsumption": {
                "blobUri": f"{BLOB_URL}/{container}",
                "storageAccountArmId": (
                    f"/subscriptions/{service.subscription}/resourceGroups/{service.group}"
                    f"/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
                ),
                "credential": {"credentialType": "SAS", "sasUri": service.blobs.signed(container)},
            },
        }
    )


@route("datastore", "GET", ARM, "{ws}/datastores/{name}")
def datastore(service: Service, request: Request, name: str) -> Reply:
    """Describe the workspace's storage."""
    properties = {
        "datastoreType": "AzureBlob",
        "isDefault": True,
        "accountName": ACCOUNT,
        "containerName": "azureml" if name == "workspaceartifactstore" else "azureml-blobstore",
        "endpoint": "core.windows.net",
        "protocol": "https",
        "credentials": {"credentialsType": "None"},
        "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
    }
    return answer({"id": f"{service.workspace_id}/datastores/{name}", "name": name, "properties": properties})


def code_files(service: Service, code_id: str) -> dict[str, str]:
    """Return path -> blob of registered code. Raises Refusal when it is not there."""
    parts = code_id.split("/")
    document = service.assets.get(("codes", parts[-3], parts[-1]))
    if document is None:
        raise missing(f"Code {code_id}")
    path = urllib.parse.urlsplit(document["properties"]["codeUri"]).path
    folder = urllib.parse.unquote(path).strip("/") + "/"
    return {name.removeprefix(folder): name for name in service.blobs.names(folder)}


def _put(service: Service, request: Request, kind: str, schema: str, name: str, version: str) -> Reply:
    body: Document = request.json()
    check(service, f"{kind} {name}", schema, body)
    with service.lock:
        new = (kind, name, version) not in service.assets
        document = _document(service, kind, name, version, body["properties"])
        service.assets[kind, name, version] = document
    return answer(document, 201 if new else 200)


def _get(service: Service, kind: str, name: str, version: str) -> Reply:
    document = service.assets.get((kind, name, version))
    if document is None:
        raise missing(f"{kind} {name}:{version}")
    return answer(document)


def _document(service: Service, kind: str, name: str, version: str, properties: Document) -> Document:
    return {
        "id": f"{service.workspace_id}/{kind}/{name}/versions/{version}",
        "name": version,
        "type": f"Microsoft.MachineLearningServices/workspaces/{kind}/versions",
        "systemData": {"createdAt": now(), "createdBy": "stand-in", "createdByType": "ManagedIdentity"},
        "properties": {"provisioningState": "Succeeded"} | properties,
    }
