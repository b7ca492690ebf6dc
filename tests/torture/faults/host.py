"""One life of the embedded host: it can die at any commit, and runs activities as often as it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from reelbrush.host import Host
from reelbrush.host.clock import ManualClock
from reelbrush.host.history import Event, EventType, new_event
from reelbrush.host.storage import Storage
from reelbrush.host.task_hub import Work
from reelbrush.host.work import ActivityDispatcher
from tests.conftest import ROOT
from tests.torture.faults.lives import Life
from tests.torture.faults.places import Injector
from tests.torture.faults.ports import Meddler, Port

_WRITING = ("insert", "update", "delete")
SOON = 3  # activities after which one that is done again late is done again


class Database:
    """The host's connection to SQLite; each commit is a place where the process can die."""

    def __init__(self, inner: Any, port: Port) -> None:
        self._inner, self._port = inner, port

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a statement."""
        alone = sql.lstrip().startswith(_WRITING) and not self._inner.in_transaction
        if sql == "commit" or alone:
            return self._port.call("commit", "", lambda: self._inner.execute(sql, parameters))
        self._port.life.check()
        return self._inner.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Sequence[Any]) -> Any:
        """Run a statement for many rows."""
        self._port.life.check()
        return self._inner.executemany(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class LooseDispatcher(ActivityDispatcher):
    """Delivers activities twice, at once, late, or loses their answers."""

    injector: Injector
    life: Life
    _late: list[tuple[int, Work]]

    async def _outcome(self, work: Work) -> Event:
        self._late = getattr(self, "_late", [])
        fault = self.injector.due("host", "activity", work.name)
        kind = fault.kind if fault else ""
        if kind == "twice":
            await super()._outcome(work)
        if kind == "at once":
            both = await asyncio.gather(super()._outcome(work), super()._outcome(work))
            return both[1]
        event = await super()._outcome(work)
        if kind == "late again":
            self._late.append((SOON, work))
        elif kind == "held":
            await asyncio.sleep(0.02)
        elif kind == "answer lost":
            return new_event(
                EventType.TASK_FAILED,
                self._hub.clock.now(),
                TaskScheduledId=work.task,
                Reason=f"Activity function '{work.name}' failed: the worker was restarted",
                Details="",
            )
        await self._again()
        return event

    async def _again(self) -> None:
        """Do activities again whose answer was taken long ago."""
        self._late = [(left - 1, work) for left, work in self._late]
        due = [work for left, work in self._late if left < 0]
        self._late = [(left, work) for left, work in self._late if left >= 0]
        for work in due:
            await super()._outcome(work)


class HostLife:
    """A host process from its start to its end or death."""

    def __init__(
        self,
        data: Path,
        store_root: Path,
        clock: ManualClock,
        injector: Injector,
        life: Life,
        meddler: Meddler,
    ) -> None:
        self.life = life
        self._injector = injector
        self._port = Port(injector, life, meddler, _no_error, "host")
        self.host = Host(ROOT, data, store_root=store_root, clock=clock, poll_seconds=0.02)

    async def start(self) -> None:
        """Start it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reelbrush.host.host.Storage", self._storage)
            patch.setattr("reelbrush.host.composition.ActivityDispatcher", self._dispatcher)
            await self.host.start()

    async def end(self) -> None:
        """Stop it, or bury it; wait for its threads."""
        threads = cast("ThreadPoolExecutor", asyncio.get_running_loop()._default_executor)  # type: ignore[attr-defined]
        await self.host.stop(0 if self.life.dead else 10)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
        await asyncio.to_thread(threads.shutdown, True)

    def _storage(self, folder: Path) -> Storage:
        storage = Storage(folder)
        storage._db = cast("Any", Database(storage._db, self._port))  # pyright: ignore[reportPrivateUsage]
        return storage

    def _dispatcher(self, *arguments: Any) -> ActivityDispatcher:
        dispatcher = LooseDispatcher(*arguments)
        dispatcher.injector, dispatcher.life = self._injector, self.life
        return dispatcher


def _no_error(message: str, retryable: bool, code: str) -> Exception:
    return OSError(message)
