"""Runs orchestrations turn by turn: takes an instance's new events, replays its code once, commits what
follows.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from reelbrush.host.functions import FunctionTable
from reelbrush.host.history import Event, EventType, latest_start, new_event
from reelbrush.host.instances import FINISHED
from reelbrush.host.invoker import Invoker
from reelbrush.host.orchestrator_call import Execution, call_orchestrator
from reelbrush.host.payload_lint import PayloadLint
from reelbrush.host.scheduling import TaskScheduling
from reelbrush.host.shim import NonDeterminismError, Shim, UnsupportedActionError, Verdict
from reelbrush.host.task_hub import TaskHub

logger = logging.getLogger(__name__)

_STATUS_LIMIT_KIB = 16
_CONTROL = (EventType.EXECUTION_TERMINATED, EventType.EXECUTION_SUSPENDED, EventType.EXECUTION_RESUMED)


class TurnDispatcher:
    """Brings every orchestration forward as soon as its inbox holds something that is due."""

    def __init__(self, hub: TaskHub, functions: FunctionTable, invoker: Invoker, lint: PayloadLint) -> None:
        self._hub = hub
        self._storage = hub.storage
        self._functions = functions
        self._invoker = invoker
        self._lint = lint
        self._scheduling = TaskScheduling(hub, functions, lint)

    async def run(self) -> None:
        """Take turns until cancelled."""
        while True:
            self._hub.turns_ready.clear()
            instance_id = self._ready()
            if instance_id is None:
                await self._hub.clock.wait(self._next_due(), self._hub.turns_ready, self._idle)
                continue
            try:
                await self.take_turn(instance_id)
            except Exception:
                # Its events are still in the inbox; a full disk, say, may have room again later.
                logger.exception("a turn of '%s' could not be committed; it will be taken again", instance_id)
                await asyncio.sleep(1)

    async def take_turn(self, instance_id: str) -> None:
        """Handle everything that is due for one instance with a single replay."""
        row = self._storage.row(
            "select id, name, execution, input, parent, status from instance where id=?", (instance_id,)
        )
        received = self._storage.rows(
            "select n, execution, event from inbox where instance=? and due<=? order by n",
            (instance_id, self._hub.clock.now()),
        )
        instance = None if row is None else Execution(*row)
        if instance is None or instance.status in FINISHED:
            self._drop([n for n, _, _ in received])
            return
        events = {
            n: json.loads(text) for n, execution, text in received if execution in (None, instance.execution)
        }
        self._drop([n for n, _, _ in received if n not in events])
        if not self._control(instance, events):
            await self._replay(instance, list(events), list(events.values()))

    def _control(self, instance: Execution, events: dict[int, Event]) -> bool:
        """Obey terminate, suspend and resume, removing them; tell whether nothing is left to do now."""
        status = instance.status
        for n, event in list(events.items()):
            if event["EventType"] not in _CONTROL:
                continue
            del events[n]
            if event["EventType"] == EventType.EXECUTION_TERMINATED:
                self._finish(instance, "Terminated", event["Input"], str(event["Input"]))
                return True
            suspend = event["EventType"] == EventType.EXECUTION_SUSPENDED
            status = "Suspended" if suspend else "Running"
            with self._storage.transaction():
                self._drop([n])
                self._storage.write(
                    "update instance set status=?, updated=? where id=?",
                    (status, self._hub.clock.now(), instance.id),
                )
        return status == "Suspended" or not events

    async def _replay(self, instance: Execution, numbers: list[int], received: list[Event]) -> None:
        now = self._hub.clock.now()
        past = [
            json.loads(text)
            for (text,) in self._storage.rows(
                "select event from history where instance=? order by seq", (instance.id,)
            )
        ]
        episode = [new_event(EventType.ORCHESTRATOR_STARTED, now), *received]
        history = past + episode
        answer = await call_orchestrator(
            self._functions, self._invoker, instance, history, replaying=bool(past)
        )
        status = answer.get("customStatus")
        shim = Shim(answer)
        verdict = _status_error(status)
        try:
            if verdict is not None:
                status = None
            else:
                for event in history:
                    shim.feed(event)
                verdict = shim.verdict
        except (NonDeterminismError, UnsupportedActionError) as error:
            verdict = Verdict(error=str(error))
            shim.new.clear()
        if self._gone(instance):
            return
        with self._storage.transaction():
            self._drop(numbers)
            self._storage.write(
                "update instance set status='Running', updated=?, custom_status=coalesce(?, custom_status)"
                " where id=?",
                (now, None if status is None else json.dumps(status, ensure_ascii=False), instance.id),
            )
            # where the clock was set back, the orchestrator still has the time of its latest episode
            ahead = latest_start(history) - now
            episode += [self._scheduling.carry_out(instance, task, now, ahead) for task in shim.new.values()]
            episode.append(new_event(EventType.ORCHESTRATOR_COMPLETED, now))
            self._storage.write_many(
                "insert into history(instance, seq, event) values(?,?,?)",
                [
                    (instance.id, len(past) + index, json.dumps({**event, "IsPlayed": True}))
                    for index, event in enumerate(episode)
                ],
            )
            if verdict is not None:
                self._conclude(instance, verdict, shim)
        if verdict is not None and not verdict.continues:
            self._hub.announce(instance.id)

    def _conclude(self, instance: Execution, verdict: Verdict, shim: Shim) -> None:
        if verdict.continues:
            self._lint.check(instance.name, "input", instance.id, json.dumps(verdict.new_input))
            self._hub.continue_as_new(instance.id, json.dumps(verdict.new_input), shim.unread_events)
        elif verdict.error is not None:
            message = f"Orchestrator function '{instance.name}' failed: {verdict.error}"
            self._hub.finish(instance.id, "Failed", message, message)
        else:
            self._lint.check(instance.name, "result", instance.id, json.dumps(verdict.output))
            self._hub.finish(instance.id, "Completed", verdict.output)

    def _finish(self, instance: Execution, status: str, output: Any, failure: str) -> None:
        with self._storage.transaction():
            self._hub.finish(instance.id, status, output, failure)
        self._hub.announce(instance.id)

    def _drop(self, numbers: list[int]) -> None:
        self._storage.write_many("delete from inbox where n=?", [(n,) for n in numbers])

    def _gone(self, instance: Execution) -> bool:
        row = self._storage.row("select execution, status from instance where id=?", (instance.id,))
        return row is None or row[0] != instance.execution or row[1] in FINISHED

    def _ready(self) -> str | None:
        row = self._storage.row(
            _DUE + " and i.due<=? order by i.due limit 1", (*_CONTROL, self._hub.clock.now())
        )
        return None if row is None else row[0]

    def _next_due(self) -> int | None:
        row = self._storage.row(_DUE + " order by i.due limit 1", _CONTROL)
        return None if row is None else row[1]

    def _idle(self) -> bool:
        return not self._invoker.running and self._storage.row("select 1 from work limit 1") is None


# A suspended instance sees nothing but what may end its suspension.
_DUE = (
    "select i.instance, i.due from inbox i left join instance s on s.id=i.instance"
    " where (s.status is not 'Suspended' or i.kind in (?,?,?))"
)


def _status_error(status: Any) -> Verdict | None:
    # The extension measures the status as UTF-16 before it carries out any action, and fails the
    # orchestration.
    text = json.dumps(status, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-16-le")) // 1024 <= _STATUS_LIMIT_KIB:
        return None
    return Verdict(
        error="The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. (custom status)"
    )
