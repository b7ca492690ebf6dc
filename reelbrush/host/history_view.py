"""A history as the status endpoint shows it: one entry per task, with names instead of numbers."""

from __future__ import annotations

import json
from typing import Any

from reelbrush.host.history import COMPLETIONS, SCHEDULINGS, Event, EventType, completed_task
from reelbrush.host.storage import Storage

_NAMES = {
    EventType.EXECUTION_STARTED: "ExecutionStarted",
    EventType.TASK_COMPLETED: "TaskCompleted",
    EventType.TASK_FAILED: "TaskFailed",
    EventType.SUB_COMPLETED: "SubOrchestrationInstanceCompleted",
    EventType.SUB_FAILED: "SubOrchestrationInstanceFailed",
    EventType.TIMER_FIRED: "TimerFired",
    EventType.EVENT_RAISED: "EventRaised",
}
_PAYLOADS = ("Result", "Input")


def shown_history(storage: Storage, instance_id: str, *, payloads: bool) -> list[dict[str, Any]]:
    """Return the instance's events, oldest first; results and inputs only with `payloads`."""
    rows = storage.rows("select event from history where instance=? order by seq", (instance_id,))
    events: list[Event] = [json.loads(text) for (text,) in rows]
    scheduled = {event["EventId"]: event for event in events if event["EventType"] in SCHEDULINGS}
    return [_entry(event, scheduled, payloads) for event in events if event["EventType"] in _NAMES]


def _entry(event: Event, scheduled: dict[int, Event], payloads: bool) -> dict[str, Any]:
    kind = EventType(event["EventType"])
    entry: dict[str, Any] = {"EventType": _NAMES[kind], "Timestamp": event["Timestamp"]}
    if kind is EventType.EXECUTION_STARTED:
        entry["FunctionName"] = event["Name"]
    elif kind in COMPLETIONS:
        task = scheduled.get(completed_task(event), {})
        if task:
            entry["ScheduledTime"] = task["Timestamp"]
        if task.get("Name"):
            entry["FunctionName"] = task["Name"]
    entry.update((key, event[key]) for key in ("Name", "FireAt", "Reason", "Details") if event.get(key))
    if kind is EventType.EXECUTION_STARTED:
        entry.pop("Name", None)
    if payloads:
        entry.update((key, _value(event[key])) for key in _PAYLOADS if event.get(key) is not None)
    return entry


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
