"""Routes by which azureml-core uploads code."""

from __future__ import annotations

import urllib.parse
import uuid
from collections.abc import Iterator

from tests.fakes.azureml.routing import DATA, route
from tests.fakes.azureml.service import Service
from tests.fakes.azureml.wire import Document, Reply, Request, answer

_EMPTY = {
    "name": "",
    "hash": None,
    "type": "Directory",
    "timestamp": "0001-01-01T00:00:00+00:00",
    "sasUrl": None,
    "absoluteUrl": None,
    "sizeBytes": 0,
    "sizeSet": False,
    "children": {},
}


@route("upload", "GET", DATA, "/content/v1.0{ws}/snapshots/latest/metadata")
def latest(service: Service, request: Request) -> Reply:
    """Describe an empty snapshot, so that everything is uploaded."""
    return answer({"id": str(uuid.UUID(int=0)), "root": _EMPTY})


@route("upload", "POST", DATA, "/content/v2.0{ws}/snapshots/getblob")
def addresses(service: Service, request: Request) -> Reply:
    """Give each file an address that it may be put to."""
    upload = uuid.uuid4().hex
    return answer(
        {
            "fileNodes": [
                {"fullName": name, "blobUri": service.blobs.signed(f"snapshotzips/{upload}/{name}")}
                for name in request.json()["FileNames"]
            ]
        }
    )


@route("upload", "POST", DATA, "/content/v2.0{ws}/snapshots/{snapshot}")
def create(service: Service, request: Request, snapshot: str) -> Reply:
    """Make a snapshot: the parent's files and the new ones, as far as the tree names them."""
    body: Document = request.json()
    with service.lock:
        files = dict(service.snapshots.get(body.get("ParentSnapshotId") or "", {}))
        for node in body["FileRevisionList"]["FileNodes"]:
            path = urllib.parse.urlsplit(node["BlobUri"]).path
            files[node["FullName"]] = urllib.parse.unquote(path).lstrip("/")
        kept = set(_paths(body["DirTreeNode"], ""))
        service.snapshots[snapshot] = {name: blob for name, blob in files.items() if name in kept}
    return answer({"id": snapshot})


def _paths(node: Document, prefix: str) -> Iterator[str]:
    children: Document = node.get("children") or node.get("Children") or {}
    for name, child in children.items():
        if (child.get("type") or child.get("Type")) == "Directory":
            yield from _paths(child, f"{prefix}{name}/")
        else:
            yield prefix + name
