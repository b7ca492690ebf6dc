"""The task hub: every change of an instance's state, each inside a transaction of the caller or its own."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reelbrush.host.clock import Clock
from reelbrush.host.history import Event, EventType, execution_started, new_event
from reelbrush.host.instances import FINISHED
from reelbrush.host.storage import Storage


@dataclass(frozen=True, slots=True)
class Work:
    """One activity that is to run: `input` is the JSON text of its argument, `task` its sequence number."""

    n: int
    instance_id: str
    execution: str
    task: int
    name: str
    input: str | None


@dataclass(frozen=True, slots=True)
class Parent:
    """Who waits for a sub-orchestration: an execution of an instance, with the task's sequence number."""

    instance_id: str
    execution: str
    task: int


class TaskHub:
    """State of all instances, with the events that tell others of changes.

    `turns_ready` is set when an orchestration may have something to do, `work_ready` when an activity may.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.clock = clock
        self.turns_ready = asyncio.Event()
        self.work_ready = asyncio.Event()
        self._watchers: dict[str, set[asyncio.Future[None]]] = {}
        # Leases end with the process, since only the owner of the storage can hold any.
        self._leased: set[int] = set()
        self._follow_clock()

    def create(
        self,
        instance_id: str,
        name: str,
        input_text: str | None,
        *,
        version: str = "",
        parent: Parent | None = None,
    ) -> None:
        """Create or replace an instance and start its first execution."""
        self.forget(instance_id)
        now, execution = self.clock.now(), uuid.uuid4().hex
        self.storage.write(
            "insert into instance(id, name, version, execution, parent, parent_execution, parent_task, input,"
            " status, created, updated) values(?,?,?,?,?,?,?,?,'Pending',?,?)",
            (
                instance_id,
                name,
                version,
                execution,
                parent and parent.instance_id,
                parent and parent.execution,
                parent and parent.task,
                input_text,
                now,
                now,
            ),
        )
        self._start(instance_id, execution, name, version, input_text, parent and parent.instance_id)

    def continue_as_new(self, instance_id: str, input_text: str, unread: Iterable[Event]) -> None:
        """Begin the instance's next execution with an empty history; unread external events stay unread.

        What came while the last turn was taken and is meant for no single execution stays too: a wish to end,
        to stand still or to go on.
        """
        row = self.storage.row("select name, version, parent from instance where id=?", (instance_id,))
        assert row is not None
        late = self.storage.rows(
            "select event from inbox where instance=? and execution is null order by n", (instance_id,)
        )
        carried = [*unread, *(json.loads(event) for (event,) in late)]
        self._clear(instance_id)
        execution = uuid.uuid4().hex
        self.storage.write(
            "update instance set execution=?, input=?, status='Running' where id=?",
            (execution, input_text, instance_id),
        )
        self._start(instance_id, execution, row[0], row[1], input_text, row[2])
        for event in carried:
            self.post(instance_id, None, event)

    def finish(self, instance_id: str, status: str, output: Any, failure: str = "") -> None:
        """End an instance and tell its parent: with the output, or with `failure` as the reason."""
        row = self.storage.row(
            "select parent, parent_execution, parent_task from instance where id=?", (instance_id,)
        )
        assert row is not None
        self.storage.write(
            "update instance set status=?, output=?, updated=? where id=?",
            (status, json.dumps(output), self.clock.now(), instance_id),
        )
        self.storage.write("delete from inbox where instance=?", (instance_id,))
        self.storage.write("delete from work where instance=?", (instance_id,))
        parent, parent_execution, task = row
        if parent is not None:
            now = self.clock.now()
            if status == "Completed":
                event = new_event(
                    EventType.SUB_COMPLETED, now, TaskScheduledId=task, Result=json.dumps(output)
                )
            else:
                event = new_event(
                    EventType.SUB_FAILED, now, TaskScheduledId=task, Reason=failure, Details=None
                )
            self.post(parent, parent_execution, event)

    def forget(self, instance_id: str) -> None:
        """Remove every trace of an instance."""
        self._clear(instance_id)
        self.storage.write("delete from instance where id=?", (instance_id,))

    def post(self, instance_id: str, execution: str | None, event: Event, due: int = 0) -> None:
        """Put an event into an instance's inbox, to be seen from the moment `due` on (microseconds; 0: now).

        With an `execution`, only that execution will see it.
        """
        self.storage.write(
            "insert into inbox(instance, execution, kind, due, event) values(?,?,?,?,?)",
            (instance_id, execution, event["EventType"], due or self.clock.now(), json.dumps(event)),
        )
        self.turns_ready.set()

    def add_work(
        self, instance_id: str, execution: str, task: int, name: str, input_text: str | None
    ) -> None:
        """Queue an activity."""
        self.storage.write(
            "insert into work(instance, execution, task, name, input) values(?,?,?,?,?)",
            (instance_id, execution, task, name, input_text),
        )
        self.work_ready.set()

    def lease_work(self, limit: int) -> list[Work]:
        """Take up to `limit` queued activities, oldest first; they stay in the database until
        `complete_work`.
        """
        rows = self.storage.rows(
            "select n, instance, execution, task, name, input from work order by n limit ?",
            (limit + len(self._leased),),
        )
        taken = [Work(*row) for row in rows if row[0] not in self._leased][:limit]
        self._leased.update(work.n for work in taken)
        return taken

    def complete_work(self, work: Work, event: Event) -> None:
        """Remove a leased activity and hand its result to the execution that waits for it, if that still
        does.
        """
        with self.storage.transaction():
            known = self.storage.write("delete from work where n=?", (work.n,))
            alive = self.storage.row(
                "select status from instance where id=? and execution=?", (work.instance_id, work.execution)
            )
            if known and alive is not None and alive[0] not in FINISHED:
                self.post(work.instance_id, work.execution, event)
        self._leased.discard(work.n)

    def finished(self, instance_id: str) -> asyncio.Future[None]:
        """Return a future that is done when the instance next finishes."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchers.setdefault(instance_id, set()).add(future)
        future.add_done_callback(lambda _: self._unwatch(instance_id, future))
        return future

    def _unwatch(self, instance_id: str, future: asyncio.Future[None]) -> None:
        watchers = self._watchers.get(instance_id, set())
        watchers.discard(future)
        if not watchers:
            self._watchers.pop(instance_id, None)

    def announce(self, instance_id: str) -> None:
        """Wake those who wait for the instance to finish; to be called after the transaction."""
        for future in self._watchers.pop(instance_id, set()).copy():
            if not future.done():
                future.set_result(None)

    def _start(
        self,
        instance_id: str,
        execution: str,
        name: str,
        version: str,
        input_text: str | None,
        parent: str | None,
    ) -> None:
        now = self.clock.now()
        event = execution_started(now, instance_id, execution, name, version, input_text, parent)
        self.post(instance_id, execution, event)

    def _follow_clock(self) -> None:
        """Where the clock was set back while no host ran, timers follow, or they would wait so long."""
        now = self.clock.now()
        (latest,) = self.storage.row("select max(updated) from instance") or (None,)
        if latest is not None and latest > now:
            with self.storage.transaction():
                self.storage.write("update inbox set due=due-? where due>?", (latest - now, now))
                self.storage.write("update instance set updated=? where updated>?", (now, now))

    def _clear(self, instance_id: str) -> None:
        self.storage.write("delete from history where instance=?", (instance_id,))
        self.storage.write("delete from inbox where instance=?", (instance_id,))
        self.storage.write("delete from work where instance=?", (instance_id,))
