"""Puts the parts of a running host together and takes them apart again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from reelbrush.host.access import Access, DurableOnly
from reelbrush.host.admin import AdminEndpoints
from reelbrush.host.app_settings import AppSettings
from reelbrush.host.blob_http import BlobEndpoint
from reelbrush.host.blob_watch import BlobWatch
from reelbrush.host.blob_webhook import BlobWebhook
from reelbrush.host.clock import Clock
from reelbrush.host.durability import Durability
from reelbrush.host.functions import HTTP, FunctionTable
from reelbrush.host.http_functions import http_routes
from reelbrush.host.invoker import Invoker
from reelbrush.host.management import Management
from reelbrush.host.payload_lint import PayloadLint
from reelbrush.host.queue_watch import QueueWatch
from reelbrush.host.receipts import Receipts
from reelbrush.host.rpc import DurableEndpoints, client_binding
from reelbrush.host.server import LocalServer
from reelbrush.host.storage import Storage
from reelbrush.host.task_hub import TaskHub
from reelbrush.host.timer_watch import TimerWatch
from reelbrush.host.triggers import Triggers
from reelbrush.host.turns import TurnDispatcher
from reelbrush.host.work import ActivityDispatcher

SWITCH_SECONDS = 0.001
THREADS = 32  # for `asyncio.to_thread` of all functions together


class HostParts:
    """Everything that exists only while a host runs."""

    def __init__(
        self,
        folder: Path,
        settings: AppSettings,
        functions: FunctionTable,
        triggers: Triggers,
        storage: Storage,
        clock: Clock,
        lint: PayloadLint,
        *,
        store_root: Path | None,
        poll_seconds: float,
        max_threads: int | None,
    ) -> None:
        self.storage = storage
        self.durability = Durability(storage)
        self.hub = TaskHub(storage, clock)
        self.invoker = Invoker(str(folder), max_threads, settings.function_timeout)
        # A clock that waits for the host to be idle has to look again when the last function has ended.
        self.invoker.on_idle = self.hub.turns_ready.set
        self.management = Management(self.hub, functions, lint)
        self.turns = TurnDispatcher(self.hub, functions, self.invoker, lint)
        self.activities = ActivityDispatcher(self.hub, functions, self.invoker, lint, settings.max_activities)
        self.receipts = Receipts(storage, clock)
        self.blob_changed = asyncio.Event()
        self.receipts.on_change = self.blob_changed.set
        self.blobs = BlobWatch(
            triggers.blobs,
            self.receipts,
            self.invoker,
            clock,
            poll_seconds=poll_seconds,
            max_tries=settings.max_blob_tries,
            at_once=settings.max_blobs_at_once,
        )
        self.queues = QueueWatch(triggers.queues, self.invoker, settings.queues, poll_seconds=poll_seconds)
        self.timers = TimerWatch(triggers.timers, storage, clock, self.invoker)
        self._functions = functions
        self._store_root = store_root
        self._route_prefix = settings.route_prefix
        self._tasks: list[asyncio.Task[None]] = []
        self._server: LocalServer | None = None

    async def start(self, port: int, keys: Sequence[str]) -> str:
        """Serve HTTP and set everything going; return the server's base URL.

        Raises:
            HostError: the port is taken or a route cannot be understood.
        """
        # threads that compute hold the interpreter for so long each time the event loop wants it
        sys.setswitchinterval(SWITCH_SECONDS)
        # what functions hand to threads must not wait for as many activities as host.json lets run
        asyncio.get_running_loop().set_default_executor(
            ThreadPoolExecutor(THREADS, thread_name_prefix="host")
        )
        access = Access(keys)
        durable = DurableEndpoints(self.management, self.storage, self.durability).routes
        admin = AdminEndpoints(self._functions, self.blobs, self.timers, access).routes
        guard = [Middleware(DurableOnly, access)]
        # the SDK's client adds paths to its address, so that there a key can be in the path alone
        own = "/durabletask/{key}" if access.durable_key else "/durabletask"
        routes: list[BaseRoute] = [
            Mount(own, routes=durable, middleware=guard),
            Mount("/runtime/webhooks/durabletask", routes=durable, middleware=guard),
            *admin,
            BlobWebhook(self._functions, self.blobs, access).route,
            *([BlobEndpoint(self._store_root).route] if self._store_root is not None else []),
            *http_routes(self._functions.of(HTTP), self._route_prefix, self.invoker, access),
        ]
        self._server = LocalServer(port)
        self.invoker.client_binding = client_binding(self._server.base_url, access.durable_key)
        await self._server.start(routes)
        work = (
            self.turns.run(),
            self.activities.run(),
            self.blobs.run(),
            self.queues.run(),
            self.timers.run(),
            self.durability.run(),
        )
        self._tasks = [asyncio.create_task(run) for run in work]
        return self._server.base_url

    async def stop(self, grace_seconds: float) -> None:
        """Take no more work, wait up to `grace_seconds` for what is running, and close everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(
            *(part.drain(grace_seconds) for part in (self.activities, self.blobs, self.queues))
        )
        await _close_client_session()
        if self._server is not None:
            await self._server.stop()
        self.invoker.close()
        self.storage.close()


async def _close_client_session() -> None:
    # The SDK keeps one aiohttp session for the process, bound to the event loop that first used it.
    from azure.durable_functions.models.utils import http_utils

    await http_utils._close_session()  # pyright: ignore[reportPrivateUsage]
