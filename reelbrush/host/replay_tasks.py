"""Tasks as the orchestration shim sees them, and what a turn asks the host to schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class TaskKind(Enum):
    """What carries out a scheduled task."""

    ACTIVITY = "activity"
    SUB_ORCHESTRATION = "sub-orchestration"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One task that an orchestration has scheduled.

    `sequence` counts from 0 in the order of scheduling. `input` is the JSON text of the action, `fire_at` the
    moment in microseconds (timers only). `last_try` is False while a failure would still be retried.
    """

    kind: TaskKind
    sequence: int
    name: str = ""
    input: Any = None
    instance_id: str | None = None
    version: str = ""
    fire_at: int = 0
    last_try: bool = True


class ReplayTask:
    """A task whose listeners run synchronously when it ends, as continuations in .NET's durable task do."""

    __slots__ = ("_listeners", "done", "error", "value")

    def __init__(self) -> None:
        self.done = False
        self.value: Any = None
        self.error: str | None = None
        self._listeners: list[Callable[[ReplayTask], None]] = []

    def end(self, value: Any = None, error: str | None = None) -> None:
        """End the task once; a second call changes nothing."""
        if self.done:
            return
        self.done, self.value, self.error = True, value, error
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(self)

    def then(self, listener: Callable[[ReplayTask], None]) -> None:
        """Call `listener` with this task when it ends, at once if it has ended."""
        if self.done:
            listener(self)
        else:
            self._listeners.append(listener)


def when_any(children: list[ReplayTask]) -> ReplayTask:
    """Return a task that ends with the first of `children`; with none it ends at once."""
    joined = ReplayTask()
    for child in children:
        child.then(lambda _: joined.end())
    if not children:
        joined.end()
    return joined


def when_all(children: list[ReplayTask]) -> ReplayTask:
    """Return a task that ends when the last of `children` has; with none it ends at once."""
    joined = ReplayTask()

    def check(_: ReplayTask) -> None:
        if all(child.done for child in children):
            joined.end()

    for child in children:
        child.then(check)
    if not children:
        joined.end()
    return joined
