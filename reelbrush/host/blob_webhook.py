"""The webhook by which Event Grid calls blob triggers: POST /runtime/webhooks/blobs?functionName=...&code=...

As the Functions host's (azure-sdk-for-net, WebJobs.Extensions.Storage.Blobs, HttpRequestProcessor and
BlobsExtensionConfigProvider): a blob is known by its event's `data.url`, the answer is 202 before the
function has run, and whatever is told is called, however often. CloudEvents' handshake by OPTIONS works too.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reelbrush.host.access import Access
from reelbrush.host.blob_watch import BlobTrigger, BlobWatch
from reelbrush.host.functions import BLOB, FunctionTable

_PREFIX = "Host.Functions."
_VALIDATION, _NOTIFICATION, _UNSUBSCRIBE = "subscriptionvalidation", "notification", "unsubscribe"


class BlobWebhook:
    """The route. Any key of the host stands for the system key `blobs_extension`."""

    def __init__(self, functions: FunctionTable, blobs: BlobWatch, access: Access) -> None:
        self._functions = functions
        self._blobs = blobs
        self._access = access
        self.route = Route("/runtime/webhooks/blobs", self._answer, methods=["POST", "OPTIONS"])

    async def _answer(self, request: Request) -> Response:
        if not self._access.has_key(request):
            return Response(status_code=401)
        name = request.query_params.get("functionName", "")
        function = self._functions.find(BLOB, name.removeprefix(_PREFIX))
        if function is None or not name.startswith(_PREFIX):
            return Response(status_code=404)
        if request.method == "OPTIONS":
            return _allowed(request)
        kind = request.headers.get("aeg-event-type", "").lower()
        if kind == _UNSUBSCRIBE:
            return Response(status_code=202)
        try:
            document: Any = json.loads(await request.body())
            if kind == _VALIDATION:
                return JSONResponse({"validationResponse": _validation_code(document)})
            if kind != _NOTIFICATION:
                return Response(status_code=400)
            blobs = [blob_of_event(event) for event in _events(document)]
        except (ValueError, RecursionError) as error:
            return JSONResponse({"Message": f"this is no event of a blob: {error}"}, status_code=400)
        trigger = self._blobs.triggers_of(function.name)[0]
        for container, blob in blobs:
            await self._tell(trigger, container, blob)
        return Response(status_code=202)

    async def _tell(self, trigger: BlobTrigger, container: str, name: str) -> None:
        if container != trigger.path.container or not trigger.path.matches(name):
            return
        found = await asyncio.to_thread(trigger.place.find, container, name)
        if found is not None:  # else it was deleted meanwhile
            self._blobs.tell(trigger, found)


def blob_of_event(event: dict[str, Any]) -> tuple[str, str]:
    """Return container and name of an event's blob, by its address. Raises ValueError when it tells none."""
    data = event.get("data")
    url = cast("dict[str, Any]", data).get("url") if isinstance(data, dict) else None
    if not isinstance(url, str):
        raise ValueError("it has no data.url")
    parts = urlsplit(url)
    path = parts.path.lstrip("/")
    if _is_emulator(parts.hostname or ""):
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    if not (container and name):
        raise ValueError("data.url is no blob's")
    return unquote(container), unquote(name)


def _is_emulator(host: str) -> bool:
    # as the SDK's BlobUriBuilder: behind an IP address the path begins with the account
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _events(document: Any) -> list[dict[str, Any]]:
    events = cast("list[Any]", document if isinstance(document, list) else [document])
    if not all(isinstance(event, dict) for event in events):
        raise ValueError("an event is an object")
    return events


def _validation_code(document: Any) -> str:
    """Return the code to repeat; the data of a CloudEvent is JSON text."""
    try:
        data: Any = _events(document)[0]["data"]
        return str((json.loads(data) if isinstance(data, str) else data)["validationCode"])
    except (LookupError, TypeError) as error:
        raise ValueError(f"no validation code: {error}") from None


def _allowed(request: Request) -> Response:
    origin = request.headers.get("webhook-request-origin", "")
    if not origin:
        return Response(status_code=400)
    return Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST"})
