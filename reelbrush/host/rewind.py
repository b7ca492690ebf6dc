"""Takes a failed orchestration back to where it was before its first failure that was not retried.

Sequence numbers count in the order of scheduling, so removing a failed task from the middle of a history
would shift all later ones. Instead the history is cut before the episode that received the failure. Results
of tasks that were already scheduled then are delivered again; whatever was scheduled later will be
scheduled anew.
"""

from __future__ import annotations

import json
import uuid

from reelbrush.host.history import (
    COMPLETIONS,
    SCHEDULINGS,
    Event,
    EventType,
    completed_task,
    latest_start,
    new_event,
    parse_timestamp,
)
from reelbrush.host.task_hub import Parent, TaskHub

_FAILURES = (EventType.TASK_FAILED, EventType.SUB_FAILED)
_DELIVERED = (EventType.EXECUTION_STARTED, EventType.EVENT_RAISED, *COMPLETIONS)


def rewind(hub: TaskHub, instance_id: str, waiting: Parent | None = None) -> None:
    """Make a failed instance run again, and the failed sub-orchestrations that it waited for.

    `waiting` is the parent's new execution when the parent is rewound too. Needs a transaction around it.
    """
    rows = hub.storage.rows("select event from history where instance=? order by seq", (instance_id,))
    history: list[Event] = [json.loads(text) for (text,) in rows]
    cut = cut_before_failure(history)
    kept, later = history[:cut], history[cut:]
    execution = uuid.uuid4().hex
    hub.storage.write("delete from history where instance=? and seq>=?", (instance_id, cut))
    hub.storage.write("delete from inbox where instance=?", (instance_id,))
    hub.storage.write("delete from work where instance=?", (instance_id,))
    hub.storage.write(
        "update instance set status='Running', output=null, execution=?, updated=?,"
        " parent_execution=coalesce(?, parent_execution) where id=?",
        (execution, hub.clock.now(), waiting and waiting.execution, instance_id),
    )
    scheduled = {event["EventId"]: event for event in kept if event["EventType"] in SCHEDULINGS}
    ended = {completed_task(event) for event in kept if event["EventType"] in COMPLETIONS}
    again = {sequence: event for sequence, event in scheduled.items() if sequence not in ended}
    for event in later:
        if event["EventType"] in _DELIVERED:
            _deliver(hub, instance_id, execution, event, again)
    ahead = max(0, latest_start(history) - hub.clock.now())  # where the clock was set back
    for sequence, event in again.items():
        _schedule(hub, instance_id, execution, sequence, event, ahead)


def cut_before_failure(history: list[Event]) -> int:
    """Return the index at which the episode begins that received the first failure of a task's last try.

    Without such a failure (the orchestrator itself raised) it is the beginning of the last episode.
    """
    last_tries = {
        event["EventId"]
        for event in history
        if event["EventType"] in SCHEDULINGS and event.get("LastTry", True)
    }
    episode = 0
    for index, event in enumerate(history):
        if event["EventType"] == EventType.ORCHESTRATOR_STARTED:
            episode = index
        elif event["EventType"] in _FAILURES and completed_task(event) in last_tries:
            break
    return episode


def _deliver(hub: TaskHub, instance_id: str, execution: str, event: Event, again: dict[int, Event]) -> None:
    if event["EventType"] in COMPLETIONS:
        task = again.get(completed_task(event))
        if task is None or (event["EventType"] in _FAILURES and task.get("LastTry", True)):
            return
        del again[completed_task(event)]
    owner = None if event["EventType"] == EventType.EVENT_RAISED else execution
    hub.post(instance_id, owner, {**event, "IsPlayed": False})


def _schedule(
    hub: TaskHub, instance_id: str, execution: str, sequence: int, event: Event, ahead: int
) -> None:
    if event["EventType"] == EventType.TASK_SCHEDULED:
        hub.add_work(instance_id, execution, sequence, event["Name"], event["Input"])
    elif event["EventType"] == EventType.SUB_CREATED:
        child, parent = event["InstanceId"], Parent(instance_id, execution, sequence)
        row = hub.storage.row("select status from instance where id=?", (child,))
        if row is not None and row[0] == "Failed":
            rewind(hub, child, parent)
        else:
            hub.create(
                child, event["Name"], json.dumps(event["Input"]), version=event["Version"], parent=parent
            )
    else:
        due = parse_timestamp(event["FireAt"])
        fired = new_event(EventType.TIMER_FIRED, due, TimerId=sequence, FireAt=event["FireAt"])
        hub.post(instance_id, execution, fired, due=due - ahead)
