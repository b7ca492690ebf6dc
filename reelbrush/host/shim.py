"""Replays an SDK's list of actions against a history, as the durable extension's out-of-process shim does.

The SDK answers every turn with all actions since the start. The shim carries them out one after the other,
waits for each (failures pass), and finds out what has to be scheduled now. Three consequences that surprise
people are wanted: an instance ends only when no task is open; an action behind an unfinished one is not
scheduled; and a task whose last try failed still waits for one more timer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reelbrush.host.history import COMPLETIONS, SCHEDULINGS, Event, EventType, completed_task, parse_timestamp
from reelbrush.host.replay_tasks import ReplayTask, Scheduled, TaskKind, when_all, when_any

_SCHEDULED_BY = {
    EventType.TASK_SCHEDULED: TaskKind.ACTIVITY,
    EventType.SUB_CREATED: TaskKind.SUB_ORCHESTRATION,
    EventType.TIMER_CREATED: TaskKind.TIMER,
}


class NonDeterminismError(Exception):
    """The history holds a task that the orchestrator's present code did not schedule."""


class UnsupportedActionError(Exception):
    """The orchestrator asked for something that this host does not do (entities, durable HTTP calls)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an execution ends: with an `output` (any JSON value), an `error`, or again with a new input."""

    output: Any = None
    error: str | None = None
    continues: bool = False
    new_input: Any = None


class Shim:
    """One replay: feed it the history's events in order, then read `new`, `verdict` and `unread_events`."""

    def __init__(self, answer: dict[str, Any]) -> None:
        """`answer` is the SDK's state: isDone, actions, output, error."""
        self.new: dict[int, Scheduled] = {}
        self._answer = answer
        self._actions: Iterator[dict[str, Any]] = iter(answer["actions"][0] if answer["actions"] else [])
        self._open: dict[int, ReplayTask] = {}
        self._next_sequence = 0
        self._now = 0
        self._waiting: dict[str, list[ReplayTask]] = {}
        self._buffered: list[Event] = []
        self._continue_with: list[Any] = []
        self._ended: Verdict | None = None

    @property
    def verdict(self) -> Verdict | None:
        """How the execution ends, or None while it goes on or a task is still open."""
        return None if self._open else self._ended

    @property
    def unread_events(self) -> list[Event]:
        """External events that nobody has waited for, oldest first."""
        return self._buffered

    def feed(self, event: Event) -> None:
        """Take the next event of the history.

        Raises:
            NonDeterminismError: the event belongs to a task that the actions do not schedule.
            UnsupportedActionError: an action of a kind that this host does not do became due.
        """
        kind = EventType(event["EventType"])
        if kind is EventType.ORCHESTRATOR_STARTED:
            self._now = parse_timestamp(event["Timestamp"])
        elif kind is EventType.EXECUTION_STARTED:
            self._advance()
        elif kind in SCHEDULINGS:
            self._match(kind, event)
        elif kind in COMPLETIONS:
            task = self._open.pop(completed_task(event), None)
            if task is not None:
                failed = kind in (EventType.TASK_FAILED, EventType.SUB_FAILED)
                task.end(event.get("Result"), event.get("Reason") or "failed" if failed else None)
        elif kind is EventType.EVENT_RAISED:
            waiters = self._waiting.get(event["Name"].lower())
            if waiters:
                waiters.pop().end(event["Input"])
            else:
                self._buffered.append(event)

    def _match(self, kind: EventType, event: Event) -> None:
        sequence = event["EventId"]
        scheduled = self.new.pop(sequence, None)
        name = event.get("Name") or ""
        expected = _SCHEDULED_BY[kind]
        if scheduled is None or scheduled.kind is not expected or scheduled.name.lower() != name.lower():
            found = "nothing" if scheduled is None else f"{scheduled.kind.value} '{scheduled.name}'"
            raise NonDeterminismError(
                f"Non-Deterministic workflow detected: the history has the {expected.value} '{name}' with "
                f"sequence number {sequence}, but the orchestrator's code schedules {found} there. Was the "
                "code changed after this instance had started running?"
            )

    def _advance(self, _: ReplayTask | None = None) -> None:
        for action in self._actions:
            task = self._invoke(action)
            if not task.done:
                task.then(self._advance)
                return
        if self._answer.get("error"):
            self._ended = Verdict(error=self._answer["error"])
        elif self._continue_with and self._answer["isDone"]:
            self._ended = Verdict(continues=True, new_input=self._continue_with[-1])
        elif self._answer["isDone"]:
            self._ended = Verdict(output=self._answer.get("output"))

    def _invoke(self, action: dict[str, Any]) -> ReplayTask:
        kind = action["actionType"]
        if kind in (0, 1, 2, 3):
            return self._call(action)
        if kind == 4:
            self._continue_with.append(action.get("input"))
            return when_all([])
        if kind == 5:
            return self._create_timer(action)
        if kind == 6:
            return self._wait_for_event(action["externalEventName"].lower())
        if kind in (11, 12):
            children = [self._invoke(child) for child in action["compoundActions"]]
            return when_any(children) if kind == 11 else when_all(children)
        raise UnsupportedActionError(
            f"actions of type {kind} (entities, durable HTTP calls) are not supported"
        )

    def _call(self, action: dict[str, Any]) -> ReplayTask:
        kind = TaskKind.ACTIVITY if action["actionType"] in (0, 1) else TaskKind.SUB_ORCHESTRATION

        def call(last_try: bool) -> ReplayTask:
            return self._schedule(
                kind,
                name=action["functionName"],
                input=action.get("input"),
                instance_id=action.get("instanceId"),
                version=action.get("version") or "",
                last_try=last_try,
            )

        options = action.get("retryOptions")
        return call(True) if options is None else self._retry(call, options)

    def _retry(self, call: Callable[[bool], ReplayTask], options: dict[str, Any]) -> ReplayTask:
        tries, interval = options["maxNumberOfAttempts"], options["firstRetryIntervalInMilliseconds"]
        outcome = ReplayTask()

        def attempt(number: int) -> None:
            last = number >= tries

            def finished(task: ReplayTask) -> None:
                if task.error is None:
                    outcome.end(task.value)
                    return
                # DurableTask.Core's RetryInterceptor creates a timer even when no try is left, and the SDK
                # counts it.
                timer = self._schedule(TaskKind.TIMER, fire_at=self._now + (0 if last else interval * 1000))
                if last:
                    timer.then(lambda _: outcome.end(error=task.error))
                else:
                    timer.then(lambda _: attempt(number + 1))

            call(last).then(finished)

        attempt(1)
        return outcome

    def _create_timer(self, action: dict[str, Any]) -> ReplayTask:
        sequence = self._next_sequence
        timer = self._schedule(TaskKind.TIMER, fire_at=parse_timestamp(action["fireAt"]))
        if action.get("isCanceled"):
            del self._open[sequence]
            timer.end(error="cancelled")
        return timer

    def _wait_for_event(self, name: str) -> ReplayTask:
        task = ReplayTask()
        for index, event in enumerate(self._buffered):
            if event["Name"].lower() == name:
                del self._buffered[index]
                task.end(event["Input"])
                return task
        # The newest waiter is served first, as the extension's stack of waiters does.
        self._waiting.setdefault(name, []).append(task)
        return task

    def _schedule(self, kind: TaskKind, **fields: Any) -> ReplayTask:
        sequence = self._next_sequence
        self._next_sequence += 1
        task = self._open[sequence] = ReplayTask()
        self.new[sequence] = Scheduled(kind=kind, sequence=sequence, **fields)
        return task
