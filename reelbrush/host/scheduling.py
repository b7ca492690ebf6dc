"""Carries out what a turn scheduled: queues activities, creates sub-orchestrations, sets timers."""

from __future__ import annotations

import json

from reelbrush.host.functions import ACTIVITY, ORCHESTRATION, FunctionTable
from reelbrush.host.history import Event, EventType, new_event, timestamp
from reelbrush.host.instances import FINISHED
from reelbrush.host.orchestrator_call import Execution
from reelbrush.host.payload_lint import PayloadLint
from reelbrush.host.replay_tasks import Scheduled, TaskKind
from reelbrush.host.task_hub import Parent, TaskHub


class TaskScheduling:
    """Puts scheduled tasks into the task hub, inside the transaction of the turn."""

    def __init__(self, hub: TaskHub, functions: FunctionTable, lint: PayloadLint) -> None:
        self._hub = hub
        self._functions = functions
        self._lint = lint

    def carry_out(self, instance: Execution, task: Scheduled, now: int, ahead: int) -> Event:
        """Schedule one task at the moment `now` (microseconds) and return the history's event for it.

        The orchestrator takes a moment for the present that is `ahead` of it: its timers come so much
        earlier. A task that cannot be scheduled fails: its failure is posted to the instance.
        """
        if task.kind is TaskKind.TIMER:
            return self._set_timer(instance, task, now, ahead)
        # The input is kept too, though Azure's table leaves it out, and the last try is marked: both are for
        # a rewind, which may have to schedule the task again.
        fields = {"Name": task.name, "Version": task.version, "Input": task.input, "LastTry": task.last_try}
        if task.kind is TaskKind.ACTIVITY:
            self._queue_activity(instance, task, now)
            return new_event(EventType.TASK_SCHEDULED, now, event_id=task.sequence, **fields)
        child = task.instance_id or f"{instance.execution}:{task.sequence}"
        self._create_child(instance, child, task, now)
        return new_event(EventType.SUB_CREATED, now, event_id=task.sequence, InstanceId=child, **fields)

    def _set_timer(self, instance: Execution, task: Scheduled, now: int, ahead: int) -> Event:
        fire_at = timestamp(task.fire_at)
        fired = new_event(EventType.TIMER_FIRED, task.fire_at, TimerId=task.sequence, FireAt=fire_at)
        self._hub.post(instance.id, instance.execution, fired, due=task.fire_at - ahead)
        return new_event(EventType.TIMER_CREATED, now, event_id=task.sequence, FireAt=fire_at)

    def _queue_activity(self, instance: Execution, task: Scheduled, now: int) -> None:
        if self._functions.find(ACTIVITY, task.name) is None:
            reason = self._functions.missing(ACTIVITY, task.name)
            self._fail(EventType.TASK_FAILED, instance, task, now, reason)
            return
        self._lint.check(task.name, "input", instance.id, task.input)
        self._hub.add_work(instance.id, instance.execution, task.sequence, task.name, task.input)

    def _create_child(self, instance: Execution, child: str, task: Scheduled, now: int) -> None:
        row = self._hub.storage.row("select status from instance where id=?", (child,))
        if self._functions.find(ORCHESTRATION, task.name) is None:
            reason = self._functions.missing(ORCHESTRATION, task.name)
        elif row is not None and row[0] not in FINISHED:
            reason = f"An Orchestration instance with the status {row[0]} already exists."
        else:
            self._lint.check(task.name, "input", child, task.input)
            parent = Parent(instance.id, instance.execution, task.sequence)
            self._hub.create(child, task.name, json.dumps(task.input), version=task.version, parent=parent)
            return
        self._fail(EventType.SUB_FAILED, instance, task, now, reason)

    def _fail(self, kind: EventType, instance: Execution, task: Scheduled, now: int, reason: str) -> None:
        event = new_event(kind, now, TaskScheduledId=task.sequence, Reason=reason, Details="")
        self._hub.post(instance.id, instance.execution, event)
