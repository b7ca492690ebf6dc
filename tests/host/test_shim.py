"""The shim on its own: sequence numbers, and laws that hold for any outcome of any fan-out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.host.history import EventType, new_event, parse_timestamp, timestamp
from reelbrush.host.replay_tasks import TaskKind
from reelbrush.host.rewind import cut_before_failure
from reelbrush.host.shim import NonDeterminismError, Shim, UnsupportedActionError

_KINDS = {TaskKind.ACTIVITY: EventType.TASK_SCHEDULED, TaskKind.TIMER: EventType.TIMER_CREATED}


def _activity(name: str = "a", tries: int = 0) -> dict[str, Any]:
    if not tries:
        return {"actionType": 0, "functionName": name, "input": "1"}
    options = {"firstRetryIntervalInMilliseconds": 10, "maxNumberOfAttempts": tries}
    return {"actionType": 1, "functionName": name, "input": "1", "retryOptions": options}


def _started(actions: list[dict[str, Any]], *, done: bool = False) -> Shim:
    shim = Shim({"isDone": done, "actions": [actions]})
    shim.feed(new_event(EventType.ORCHESTRATOR_STARTED, 0))
    shim.feed(new_event(EventType.EXECUTION_STARTED, 0))
    return shim


def _completed(sequence: int, *, failed: bool = False) -> dict[str, Any]:
    kind = EventType.TASK_FAILED if failed else EventType.TASK_COMPLETED
    return new_event(kind, 0, TaskScheduledId=sequence, Result="1", Reason="boom")


def test_an_action_behind_an_unfinished_one_is_not_scheduled() -> None:
    shim = _started([_activity("first"), _activity("second")])
    assert [task.name for task in shim.new.values()] == ["first"]
    shim.feed(_completed(0))
    assert [task.name for task in shim.new.values()] == ["first", "second"]


def test_retries_take_their_numbers_as_they_happen() -> None:
    shim = _started([{"actionType": 12, "compoundActions": [_activity("a", 2), _activity("b", 2)]}])
    shim.feed(_completed(1, failed=True))
    shim.feed(new_event(EventType.TIMER_FIRED, 0, TimerId=2))
    shim.feed(_completed(3, failed=True))
    found = [(task.sequence, task.kind, task.name, task.last_try) for task in shim.new.values()]
    assert found == [
        (0, TaskKind.ACTIVITY, "a", False),
        (1, TaskKind.ACTIVITY, "b", False),
        (2, TaskKind.TIMER, "", True),
        (3, TaskKind.ACTIVITY, "b", True),
        (4, TaskKind.TIMER, "", True),
    ]


def test_a_cancelled_timer_takes_a_number_and_keeps_nothing_open() -> None:
    timer = {"actionType": 5, "fireAt": "2026-01-01T00:00:00.000000Z", "isCanceled": True}
    shim = _started([timer, _activity()], done=True)
    assert sorted(shim.new) == [0, 1]
    shim.feed(_completed(1))
    assert shim.verdict is not None


def test_a_task_of_another_kind_or_name_is_non_deterministic() -> None:
    for event in (
        new_event(EventType.TIMER_CREATED, 0, event_id=0),
        new_event(EventType.TASK_SCHEDULED, 0, event_id=0, Name="other"),
        new_event(EventType.TASK_SCHEDULED, 0, event_id=1, Name="a"),
    ):
        with pytest.raises(NonDeterminismError):
            _started([_activity("a")]).feed(event)
    _started([_activity("a")]).feed(new_event(EventType.TASK_SCHEDULED, 0, event_id=0, Name="A"))


def test_entities_and_durable_http_are_refused() -> None:
    for kind in (7, 8, 9):
        with pytest.raises(UnsupportedActionError):
            _started([{"actionType": kind}])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.lists(st.booleans(), max_size=5)), min_size=1, max_size=6),
    st.data(),
)
def test_any_fan_out_ends_and_its_replay_schedules_nothing_new(
    tasks: list[tuple[int, list[bool]]], data: st.DataObject
) -> None:
    calls = [_activity(f"a{n}", tries) for n, (tries, _) in enumerate(tasks)]
    actions = [{"actionType": 12, "compoundActions": calls}]
    failures = {f"a{n}": list(outcomes) for n, (_, outcomes) in enumerate(tasks)}
    shim = _started(actions, done=True)
    history = [new_event(EventType.ORCHESTRATOR_STARTED, 0), new_event(EventType.EXECUTION_STARTED, 0)]
    recorded: set[int] = set()
    pending: list[Any] = []
    while shim.verdict is None:
        for sequence, task in sorted(shim.new.items()):
            if sequence not in recorded:
                recorded.add(sequence)
                pending.append(task)
                history.append(new_event(_KINDS[task.kind], 0, event_id=sequence, Name=task.name))
        task = pending.pop(data.draw(st.integers(0, len(pending) - 1)))
        if task.kind is TaskKind.TIMER:
            event = new_event(EventType.TIMER_FIRED, 0, TimerId=task.sequence)
        else:
            event = _completed(task.sequence, failed=bool(failures[task.name]) and failures[task.name].pop())
        history.append(event)
        shim.feed(event)
    assert not pending
    assert sorted(recorded) == list(range(len(recorded)))
    again = Shim({"isDone": True, "actions": [actions]})
    for event in history:
        again.feed(event)
    assert again.verdict == shim.verdict
    assert again.new == {}


@given(st.integers(0, 4_000_000_000_000_000))
def test_times_survive_the_history(at: int) -> None:
    assert parse_timestamp(timestamp(at)) == at


def test_a_history_is_cut_before_the_episode_of_the_first_last_failure() -> None:
    start = new_event(EventType.ORCHESTRATOR_STARTED, 0)
    scheduled = [
        new_event(EventType.TASK_SCHEDULED, 0, event_id=n, Name="a", LastTry=last)
        for n, last in ((0, False), (1, True))
    ]
    history = [start, *scheduled, start, _completed(0, failed=True), start, _completed(1, failed=True), start]
    assert cut_before_failure(history) == 5
    assert cut_before_failure(history[:5]) == 3
