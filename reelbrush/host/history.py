"""The events of an orchestration's history, in the JSON that azure-functions-durable 1.x replays.

Names and numbers are those of DurableTask.Core; every event carries EventType, EventId, IsPlayed and
Timestamp.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from reelbrush.host.clock import microseconds, moment

Event = dict[str, Any]
"""One history event: a JSON object."""


class EventType(IntEnum):
    """The values of an event's EventType field."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_CREATED = 7
    SUB_COMPLETED = 8
    SUB_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_SENT = 14
    EVENT_RAISED = 15
    CONTINUE_AS_NEW = 16
    GENERIC = 17
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20


COMPLETIONS = (
    EventType.TASK_COMPLETED,
    EventType.TASK_FAILED,
    EventType.SUB_COMPLETED,
    EventType.SUB_FAILED,
    EventType.TIMER_FIRED,
)
"""Events that end a task that the orchestration scheduled."""

SCHEDULINGS = (EventType.TASK_SCHEDULED, EventType.SUB_CREATED, EventType.TIMER_CREATED)
"""Events that record that a task was scheduled; their EventId is its sequence number."""


def timestamp(at: int) -> str:
    """Return microseconds since the epoch as the host writes them: ISO 8601, seven decimals, Z."""
    return moment(at).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def latest_start(history: list[Event]) -> int:
    """Return in microseconds what an orchestrator takes for the present: its latest episode's beginning."""
    starts = [event["Timestamp"] for event in history if event["EventType"] == EventType.ORCHESTRATOR_STARTED]
    return parse_timestamp(max(starts))  # all are written alike


def parse_timestamp(text: str) -> int:
    """Return an ISO 8601 UTC time, as the host or the SDK writes it, in microseconds since the epoch.

    Raises:
        ValueError: `text` is no such time.
    """
    whole, _, fraction = text.removesuffix("Z").partition(".")
    base = microseconds(datetime.fromisoformat(whole).replace(tzinfo=UTC))
    return base + int((fraction + "000000")[:6])


def new_event(kind: EventType, at: int, *, event_id: int = -1, **fields: Any) -> Event:
    """Return an event of `kind` at the moment `at` (microseconds), not yet played."""
    return {
        "EventType": int(kind),
        "EventId": event_id,
        "IsPlayed": False,
        "Timestamp": timestamp(at),
        **fields,
    }


def completed_task(event: Event) -> int:
    """Return the sequence number of the task that a completion event ends.

    Raises:
        KeyError: the event is no completion.
    """
    return event["TimerId"] if event["EventType"] == EventType.TIMER_FIRED else event["TaskScheduledId"]


def execution_started(
    at: int,
    instance_id: str,
    execution: str,
    name: str,
    version: str,
    input_text: str | None,
    parent: str | None,
) -> Event:
    """Return the event that starts an execution; `input_text` is JSON text."""
    return new_event(
        EventType.EXECUTION_STARTED,
        at,
        OrchestrationInstance={"InstanceId": instance_id, "ExecutionId": execution},
        ParentInstance=None if parent is None else {"OrchestrationInstance": {"InstanceId": parent}},
        Name=name,
        Version=version,
        Input=input_text,
        Tags=None,
    )
