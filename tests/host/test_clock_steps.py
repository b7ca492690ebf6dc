"""Clocks that are set while a host runs or is down: no timer waits longer for it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from reelbrush.host.clock import ManualClock, SystemClock
from reelbrush.host.history import EventType, new_event, timestamp
from reelbrush.host.rewind import rewind
from reelbrush.host.storage import Storage
from reelbrush.host.task_hub import TaskHub

SECOND = 1_000_000_000  # nanoseconds
HOUR = 3600 * SECOND


def test_where_the_wall_clock_is_set_back_the_hosts_goes_on() -> None:
    wall, steady = 1_800_000_000 * SECOND, 5 * SECOND
    clock = SystemClock(lambda: wall, lambda: steady)
    seen = [clock.now()]
    for step, passed in ((0, 1), (-1, 1), (0, 60), (0, 3600), (24, 1), (-24, 0), (0, 7)):
        wall += step * HOUR + passed * SECOND
        steady += passed * SECOND
        seen.append(clock.now())
    gone = [(after - before) // 1_000_000 for before, after in pairwise(seen)]
    # the step forward is what it leads beyond the hour that it ran ahead by
    assert gone == [1, 1, 60, 3600, 24 * 3600 - 3600 + 1, 0, 7]


def test_timers_of_a_time_that_was_wrong_come_as_soon_as_they_would_have(tmp_path: Any) -> None:
    async def body() -> None:
        storage = Storage(tmp_path)
        wrong = ManualClock(datetime(2027, 1, 1, tzinfo=UTC))
        hub = TaskHub(storage, wrong)
        hub.create("a", "o", None)
        due = wrong.now() + 15_000_000
        hub.post("a", None, {"EventType": 1}, due=due)
        right = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        for _ in range(2):  # once is enough, twice does no harm
            TaskHub(storage, right)
            (soonest,) = storage.row("select max(due) from inbox") or (0,)
            assert soonest == right.now() + 15_000_000
            assert storage.row("select max(updated) from instance") == (right.now(),)
        storage.close()

    asyncio.run(body())


def test_an_orchestration_whose_clock_was_set_back_waits_no_longer(host: Any, run: Any) -> None:
    async def scenario() -> None:
        wrong = ManualClock(datetime(2027, 1, 1, tzinfo=UTC), jump_when_idle=False)
        async with host(clock=wrong) as (started, client):
            await client.start_new("poll_for_hours", "a", 3)
            while (status := await started.status("a")) is None or status.runtime_status != "Running":
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
        right = ManualClock(datetime(2026, 1, 1, tzinfo=UTC), jump_when_idle=False)
        async with host(clock=right) as (started, _):
            for _ in range(60):
                right.advance(timedelta(minutes=10))
                await asyncio.sleep(0.05)
            status = await started.status("a")
            assert status is not None and status.runtime_status == "Completed"

    run(scenario())


def test_a_timer_that_a_rewind_sets_again_waits_no_longer(tmp_path: Any) -> None:
    wrong = ManualClock(datetime(2027, 1, 1, tzinfo=UTC))
    right = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    storage = Storage(tmp_path)
    hub = TaskHub(storage, wrong)
    hub.create("a", "o", None)
    due = timestamp(wrong.now() + 15_000_000)
    history = [
        new_event(EventType.ORCHESTRATOR_STARTED, wrong.now()),
        new_event(EventType.TIMER_CREATED, wrong.now(), event_id=0, FireAt=due),
        new_event(EventType.TASK_SCHEDULED, wrong.now(), event_id=1, Name="act", Input=None),
        new_event(EventType.ORCHESTRATOR_STARTED, wrong.now()),
        new_event(EventType.TASK_FAILED, wrong.now(), TaskScheduledId=1),
    ]
    rows = [("a", number, json.dumps(event)) for number, event in enumerate(history)]
    with storage.transaction():
        storage.write_many("insert into history(instance, seq, event) values(?,?,?)", rows)
    with storage.transaction():
        rewind(TaskHub(storage, right), "a")
    (latest,) = storage.row("select max(due) from inbox") or (0,)
    assert latest == right.now() + 15_000_000
    storage.close()
