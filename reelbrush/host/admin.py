"""The endpoints below /admin: is the host running, which functions has it, and run one of them by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reelbrush.host.access import Access
from reelbrush.host.blob_watch import BlobTrigger, BlobWatch
from reelbrush.host.functions import BLOB, TIMER, FunctionTable
from reelbrush.host.timer_watch import TimerWatch


class AdminEndpoints:
    """The routes; manual invocations answer 202 at once and run on."""

    def __init__(
        self, functions: FunctionTable, blobs: BlobWatch, timers: TimerWatch, access: Access
    ) -> None:
        self._functions = functions
        self._blobs = blobs
        self._timers = timers
        self._access = access
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes = [
            Route("/admin/host/status", self._status, methods=["GET"]),
            Route("/admin/functions", self._list, methods=["GET"]),
            Route("/admin/functions/{name}", self._invoke, methods=["POST"]),
        ]

    async def _status(self, request: Request) -> Response:
        return (
            JSONResponse({"state": "Running"}) if self._access.has_key(request) else Response(status_code=401)
        )

    async def _list(self, request: Request) -> Response:
        if not self._access.has_key(request):
            return Response(status_code=401)
        return JSONResponse([{"name": f.name, "trigger": f.trigger} for f in self._functions.functions])

    async def _invoke(self, request: Request) -> Response:
        if not self._access.has_key(request):
            return Response(status_code=401)
        name = request.path_params["name"]
        try:
            given = json.loads(await request.body() or b"{}").get("input") or ""
        except (ValueError, AttributeError, RecursionError):
            return JSONResponse({"Message": 'the body must be {"input": "..."}'}, status_code=400)
        timer = self._functions.find(TIMER, name)
        if timer is not None:
            self._go_on(self._timers.fire(timer))
            return Response(status_code=202)
        blob = self._functions.find(BLOB, name)
        if blob is None:
            return Response(status_code=404)
        return await self._invoke_for_blob(self._blobs.triggers_of(blob.name)[0], str(given))

    async def _invoke_for_blob(self, trigger: BlobTrigger, path: str) -> Response:
        container, _, name = path.partition("/")
        if container != trigger.path.container or not trigger.path.matches(name):
            return JSONResponse({"Message": f"'{path}' is no blob path of this function"}, status_code=400)
        found = await asyncio.to_thread(trigger.place.find, container, name)
        if found is None:
            return JSONResponse({"Message": f"there is no blob '{path}'"}, status_code=404)
        self._go_on(self._blobs.invoke(trigger, found))
        return Response(status_code=202)

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
