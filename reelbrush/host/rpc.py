"""The HTTP endpoints that `DurableOrchestrationClient` speaks to, with the durable extension's paths and
codes.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reelbrush.host.durability import Durability
from reelbrush.host.history import parse_timestamp
from reelbrush.host.history_view import shown_history
from reelbrush.host.instances import Filter, InstanceStatus, listed
from reelbrush.host.management import (
    InstanceExistsError,
    InstanceGoneError,
    Management,
    UnknownInstanceError,
)
from reelbrush.host.storage import Storage

_PAGE = 100
_PLACEHOLDER = "INSTANCEID"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_Handler = Callable[[Request], Awaitable[Response]]


class DurableEndpoints:
    """The endpoints of one task hub; `routes` can be mounted under any path."""

    def __init__(self, management: Management, storage: Storage, durability: Durability) -> None:
        self._management = management
        self._storage = storage

        def coded(handler: _Handler) -> _Handler:
            return _coded(handler, durability)

        instance = "/instances/{id}"
        self.routes = [
            Route("/orchestrators/{name}", coded(self._start), methods=["POST"]),
            Route("/orchestrators/{name}/{id}", coded(self._start), methods=["POST"]),
            Route("/instances", coded(self._list), methods=["GET"]),
            Route("/instances/", coded(self._list), methods=["GET"]),
            Route("/instances", coded(self._purge_many), methods=["DELETE"]),
            Route("/instances/", coded(self._purge_many), methods=["DELETE"]),
            Route(instance, coded(self._status), methods=["GET"]),
            Route(instance, coded(self._purge), methods=["DELETE"]),
            Route(instance + "/raiseEvent/{event}", coded(self._raise_event), methods=["POST"]),
            Route(instance + "/restart", coded(self._restart), methods=["POST"]),
            Route(instance + "/{operation}", coded(self._operate), methods=["POST"]),
        ]

    async def _start(self, request: Request) -> Response:
        body = (await request.body()).decode() or None
        instance_id = self._management.start(
            request.path_params["name"],
            request.path_params.get("id"),
            None if body is None else json.dumps(json.loads(body)),
            request.query_params.get("version", ""),
        )
        return JSONResponse(management_urls(_base(request), instance_id), status_code=202)

    async def _status(self, request: Request) -> Response:
        status, query = self._management.status(request.path_params["id"]), request.query_params
        shown = self._shown(status, with_input=query.get("showInput", "true").lower() == "true")
        if query.get("showHistory", "false").lower() == "true":
            payloads = query.get("showHistoryOutput", "false").lower() == "true"
            shown["historyEvents"] = shown_history(self._storage, status.instance_id, payloads=payloads)
        return JSONResponse(shown, status_code=200 if status.finished else 202)

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        found = listed(self._storage, _filter(request))
        start = int(request.headers.get("x-ms-continuation-token") or 0)
        size = int(query.get("top") or _PAGE)
        page = found[start : start + size]
        following = start + size
        headers = {"x-ms-continuation-token": str(following)} if following < len(found) else {}
        with_input = query.get("showInput", "true").lower() == "true"
        return JSONResponse([self._shown(status, with_input=with_input) for status in page], headers=headers)

    async def _purge(self, request: Request) -> Response:
        status = self._management.status(request.path_params["id"])
        return JSONResponse({"instancesDeleted": self._management.purge([status.instance_id])})

    async def _purge_many(self, request: Request) -> Response:
        wanted = _filter(request)
        if wanted.created_from is None:
            return JSONResponse({"Message": "createdTimeFrom is required"}, status_code=400)
        count = self._management.purge([status.instance_id for status in listed(self._storage, wanted)])
        return JSONResponse({"instancesDeleted": count}) if count else Response(status_code=404)

    async def _raise_event(self, request: Request) -> Response:
        if "json" not in request.headers.get("content-type", ""):
            return JSONResponse(
                {"Message": "Only application/json request content is supported"}, status_code=400
            )
        data = json.dumps(json.loads(await request.body()))
        self._management.raise_event(request.path_params["id"], request.path_params["event"], data)
        return Response(status_code=202)

    async def _operate(self, request: Request) -> Response:
        instance_id, operation = request.path_params["id"], request.path_params["operation"].lower()
        reason = request.query_params.get("reason", "")
        if operation == "rewind":
            self._management.rewind(instance_id)
        elif operation in ("terminate", "suspend", "resume"):
            getattr(self._management, operation)(instance_id, reason)
        else:
            return Response(status_code=404)
        return Response(status_code=202)

    async def _restart(self, request: Request) -> Response:
        new_id = request.query_params.get("restartWithNewInstanceId", "true").lower() == "true"
        instance_id = self._management.restart(request.path_params["id"], new_id=new_id)
        return JSONResponse(management_urls(_base(request), instance_id), status_code=202)

    def _shown(self, status: InstanceStatus, *, with_input: bool) -> dict[str, Any]:
        row = self._storage.row("select input from instance where id=?", (status.instance_id,))
        raw = None if row is None or row[0] is None or not with_input else json.loads(row[0])
        return {
            "name": status.name,
            "instanceId": status.instance_id,
            "runtimeStatus": status.runtime_status,
            "input": raw,
            "customStatus": status.custom_status,
            "output": status.output,
            "createdTime": status.created.strftime(_TIME),
            "lastUpdatedTime": status.updated.strftime(_TIME),
        }


def client_binding(base_url: str, key: str = "") -> str:
    """Return the JSON text that a durable client binding hands to a function; `base_url` ends without a
    slash, `key` is the system key of the endpoints, "" where none is needed.
    """
    urls = management_urls(f"{base_url}/runtime/webhooks/durabletask", _PLACEHOLDER, key)
    return json.dumps(
        {
            "taskHubName": "local",
            "creationUrls": {},
            "managementUrls": urls,
            "rpcBaseUrl": f"{base_url}/durabletask/{key}/" if key else f"{base_url}/durabletask/",
        }
    )


def management_urls(base: str, instance_id: str, key: str = "") -> dict[str, str]:
    """Return the URLs by which an instance can be watched and steered; `base` ends without a slash."""
    instance = f"{base}/instances/{instance_id}"
    urls = {
        "id": instance_id,
        "statusQueryGetUri": instance,
        "sendEventPostUri": instance + "/raiseEvent/{eventName}",
        "terminatePostUri": instance + "/terminate?reason={text}",
        "rewindPostUri": instance + "/rewind?reason={text}",
        "purgeHistoryDeleteUri": instance,
        "restartPostUri": instance + "/restart",
        "suspendPostUri": instance + "/suspend?reason={text}",
        "resumePostUri": instance + "/resume?reason={text}",
    }
    if not key:
        return urls
    coded = {name: f"{url}{'&' if '?' in url else '?'}code={key}" for name, url in urls.items()}
    return {**coded, "id": instance_id}


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/runtime/webhooks/durabletask"


def _filter(request: Request) -> Filter:
    query = request.query_params
    created_from, created_to = query.get("createdTimeFrom"), query.get("createdTimeTo")
    return Filter(
        statuses=tuple(status for status in query.get("runtimeStatus", "").split(",") if status),
        prefix=query.get("instanceIdPrefix", ""),
        created_from=parse_timestamp(created_from) if created_from else None,
        created_to=parse_timestamp(created_to) if created_to else None,
    )


def _coded(handler: _Handler, durability: Durability) -> _Handler:
    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
            if request.method != "GET":
                await durability.settle()
            return response
        except UnknownInstanceError:
            return Response(status_code=404)
        except InstanceGoneError:
            return Response(status_code=410)
        except InstanceExistsError as error:
            message = "Something went wrong while processing your request"
            return JSONResponse({"Message": message, "ExceptionMessage": str(error)}, status_code=500)
        except (ValueError, RecursionError, OverflowError) as error:
            message = "One or more of the arguments submitted is incorrect"
            return JSONResponse({"Message": message, "ExceptionMessage": str(error)}, status_code=400)

    return answer
