"""Routes of the workspace's storage account: as much of Azure's Blob REST as both SDKs use."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from tests.fakes.azureml.routing import BLOB, route
from tests.fakes.azureml.service import Service
from tests.fakes.azureml.wire import Refusal, Reply, Request

_STAMP = {
    "ETag": '"0x8DC000000000001"',
    "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
    "x-ms-version": "2021-08-06",
}


@route("blob", "PUT", BLOB, "/{name*}", open=True)
def put_blob(service: Service, request: Request, name: str) -> Reply:
    """Put a blob, a block, a list of blocks or metadata."""
    _check(service, request, name)
    what = request.query.get("comp", "")
    if what == "metadata":
        service.blobs.set_metadata(name, _metadata(request))
        return Reply(200, headers=_STAMP)
    if what == "block":
        service.blobs.stage(name, request.query["blockid"], request.body)
    elif what == "blocklist":
        service.blobs.commit(name, [entry.text or "" for entry in ET.fromstring(request.body)])
    else:
        service.blobs.write(name, request.body)
        service.blobs.set_metadata(name, _metadata(request))
    return Reply(201, headers=_STAMP | {"x-ms-request-server-encrypted": "true"})


@route("blob", "HEAD", BLOB, "/{name*}", open=True)
def head_blob(service: Service, request: Request, name: str) -> Reply:
    """Tell a blob's size and metadata, or that a container is there."""
    _check(service, request, name)
    if request.query.get("restype") == "container":
        return Reply(200, headers=_STAMP)
    data = service.blobs.find(name)
    if data is None:
        return Reply(404, headers={"x-ms-error-code": "BlobNotFound"})
    metadata = {f"x-ms-meta-{key}": value for key, value in service.blobs.metadata(name).items()}
    return Reply(200, headers=_of(data) | metadata | {"Content-Length": str(len(data))})


@route("blob", "GET", BLOB, "/{name*}", open=True)
def get_blob(service: Service, request: Request, name: str) -> Reply:
    """Read a blob or a range of it, or list a container."""
    _check(service, request, name)
    if request.query.get("comp") == "list":
        return _listing(service, request, name)
    data = service.blobs.find(name)
    if data is None:
        raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
    asked = re.fullmatch(
        r"bytes=(\d+)-(\d*)|bytes=-(\d+)",
        request.headers.get("x-ms-range") or request.headers.get("range") or "",
    )
    if not asked:
        return Reply(200, data, _of(data))
    if asked[3]:
        first, last = max(0, len(data) - int(asked[3])), len(data) - 1
    else:
        first, last = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
    if first >= len(data):
        raise Refusal(
            416, "InvalidRange", "The range specified is invalid for the current size of the resource."
        )
    part = data[first : last + 1]
    return Reply(206, part, _of(data) | {"Content-Range": f"bytes {first}-{last}/{len(data)}"})


def _listing(service: Service, request: Request, container: str) -> Reply:
    prefix = f"{container}/{request.query.get('prefix', '')}"
    blobs = "".join(
        f"<Blob><Name>{escape(name.partition('/')[2])}</Name><Properties>"
        f"<Content-Length>{len(service.blobs.read(name))}</Content-Length><BlobType>BlockBlob</BlobType>"
        "</Properties></Blob>"
        for name in service.blobs.names(prefix)
    )
    body = (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="x" ContainerName="x">'
        f"<Blobs>{blobs}</Blobs><NextMarker /></EnumerationResults>"
    )
    return Reply(200, body.encode(), _STAMP | {"Content-Type": "application/xml"})


def _check(service: Service, request: Request, name: str) -> None:
    if "sig" not in request.query:  # no signed address: then by a token
        service.tokens.check(request.headers.get("authorization", ""), request.host)
    elif not service.blobs.opens(request.query.get("sig", ""), name):
        raise Refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.")


def _of(data: bytes) -> dict[str, str]:
    return _STAMP | {
        "Content-Type": "application/octet-stream",
        "x-ms-blob-type": "BlockBlob",
        "Accept-Ranges": "bytes",
        "x-ms-creation-time": "Thu, 01 Jan 2026 00:00:00 GMT",
    }


def _metadata(request: Request) -> dict[str, str]:
    return {
        name.removeprefix("x-ms-meta-"): value
        for name, value in request.headers.items()
        if name.startswith("x-ms-meta-")
    }
