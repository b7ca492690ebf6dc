"""The embedded Azure Functions host: one object that runs an app folder in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from reelbrush.errors import HostError
from reelbrush.host.app_settings import read_app_settings
from reelbrush.host.clock import Clock, SystemClock
from reelbrush.host.composition import HostParts
from reelbrush.host.instances import Filter, InstanceStatus, find, listed
from reelbrush.host.loader import load_app
from reelbrush.host.management import Management
from reelbrush.host.payload_lint import LintFinding, PayloadLint
from reelbrush.host.receipts import BlobOutcome
from reelbrush.host.storage import Storage
from reelbrush.host.triggers import find_triggers


class Host:
    """Runs the functions of an app: orchestrations, activities, HTTP, blob, queue and timer triggers.

    All state is in `data_dir`; a host killed at any moment goes on where it was when it is started again.
    Function code runs in this process and sees its environment variables. Use from one event loop only.
    """

    def __init__(
        self,
        app_folder: Path,
        data_dir: Path,
        *,
        store_root: Path | None,
        connections: Mapping[str, str] | None = None,
        port: int = 0,
        clock: Clock | None = None,
        poll_seconds: float = 0.25,
        max_threads: int | None = None,
        keys: Sequence[str] = (),
    ) -> None:
        """Describe a host; nothing happens before `start`.

        Blob triggers watch the storage account of their connection if `connections` has a connection string,
        or an account's https address to sign in to, for it, else the folder `store_root`, whose blobs are
        also served at signed addresses. Queue triggers take messages from the account of their connection,
        given there or in the environment. `port` 0 takes a free port. `poll_seconds` is the time between two
        looks at the containers and queues. `max_threads` limits the threads of synchronous functions. With
        `keys`, HTTP functions that are not anonymous need one of them.
        """
        self.base_url = ""
        self.functions: Mapping[str, str] = {}
        self._app_folder = app_folder
        self._data_dir = data_dir
        self._store_root = store_root
        self._connections = dict(connections or {})
        self._port = port
        self._clock: Clock = clock or SystemClock()
        self._poll_seconds = poll_seconds
        self._max_threads = max_threads
        self._keys = keys
        self._lint = PayloadLint()
        self._running: HostParts | None = None

    @property
    def lint_findings(self) -> list[LintFinding]:
        """Payloads that were too large for a history, one for each function, role and limit."""
        return self._lint.findings

    async def start(self) -> None:
        """Load the app, open the database, serve HTTP and begin to work.

        Raises:
            HostError: the app cannot be loaded (all problems are listed), the database is owned by another
                host,
                or the port is taken.
        """
        if self._running is not None:
            raise HostError("this host is running already")
        settings = read_app_settings(self._app_folder)
        functions = load_app(self._app_folder)
        triggers = find_triggers(functions, self._store_root, self._connections)
        storage = Storage(self._data_dir)
        parts = HostParts(
            self._app_folder,
            settings,
            functions,
            triggers,
            storage,
            self._clock,
            self._lint,
            store_root=self._store_root,
            poll_seconds=self._poll_seconds,
            max_threads=self._max_threads,
        )
        try:
            self.base_url = await parts.start(self._port, self._keys)
        except BaseException:
            await parts.stop(0)
            raise
        self._running = parts
        self.functions = {function.name: function.trigger for function in functions.functions}

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """Take no more work, wait up to `grace_seconds` for what is running, and close everything.

        Activities that did not end by then run again after the next start.
        """
        parts, self._running = self._running, None
        if parts is not None:
            await parts.stop(grace_seconds)

    async def __aenter__(self) -> Host:
        """Start the host."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the host."""
        await self.stop()

    async def status(self, instance_id: str) -> InstanceStatus | None:
        """Return one instance's status, or None if there is no such instance."""
        return find(self._parts.storage, instance_id)

    async def instances(self, *, statuses: Sequence[str] = (), prefix: str = "") -> list[InstanceStatus]:
        """Return the instances with one of the runtime statuses (all when empty) and that id prefix, oldest
        first.
        """
        return listed(self._parts.storage, Filter(statuses=tuple(statuses), prefix=prefix))

    async def wait(self, instance_id: str, timeout: float | None = None) -> InstanceStatus:
        """Return the status of an instance once it has finished; it need not exist yet.

        Raises:
            TimeoutError: it has not finished within `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                finished = self._parts.hub.finished(instance_id)
                known = await self.status(instance_id)
                if known is not None and known.finished:
                    finished.cancel()
                    return known
                await finished

    def blob_outcome(self, container: str, blob: str) -> BlobOutcome | None:
        """Return what a blob trigger did last for a blob, or None if none has fired for it."""
        return self._parts.receipts.latest(container, blob)

    async def wait_for_blob(self, container: str, blob: str, timeout: float | None = None) -> BlobOutcome:
        """Return what a blob trigger did for a blob once it has fired or given up.

        Raises:
            TimeoutError: no trigger has dealt with the blob within `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                self._parts.blob_changed.clear()
                outcome = self.blob_outcome(container, blob)
                if outcome is not None and outcome.state in ("fired", "poisoned"):
                    return outcome
                await self._parts.blob_changed.wait()

    @property
    def management(self) -> Management:
        """The durable client's operations, without HTTP."""
        return self._parts.management

    @property
    def _parts(self) -> HostParts:
        if self._running is None:
            raise HostError("this host is not running", advice="await start() first")
        return self._running
