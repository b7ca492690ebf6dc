"""The traps of Azure's durable extension, which the host has to reproduce: what passes here passes there."""

from __future__ import annotations

import asyncio
import time
from typing import Any


async def _has_begun(h: Any, instance_id: str) -> None:
    while (await h.status(instance_id)).runtime_status != "Running":
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


async def _activities_done(client: Any, instance_id: str) -> int:
    shown = await client.get_status(instance_id, show_history=True)
    return sum(event["EventType"] == "TaskCompleted" for event in shown.historyEvents)


async def _ended(h: Any, client: Any, name: str, given: Any = None, timeout: float = 60) -> Any:
    return await h.wait(await client.start_new(name, None, given), timeout)


def test_an_instance_ends_only_when_no_task_is_open(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("approval_leaving_timer_open")
            await _has_begun(h, instance_id)
            await client.raise_event(instance_id, "go", 1)
            await asyncio.sleep(0.3)
            assert (await h.status(instance_id)).runtime_status == "Running"
            began = time.monotonic()
            assert (await h.wait(instance_id, 60)).output == "ok"
            assert time.monotonic() - began > 0.5

    run(scenario())


def test_task_all_fails_fast_but_the_instance_waits_for_the_others(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            began = time.monotonic()
            status = await _ended(h, client, "fails_fast")
            assert status.runtime_status == "Failed"
            assert status.output.startswith("Orchestrator function 'fails_fast' failed: ")
            assert "Activity function 'boom' failed: ValueError: boom" in status.output
            assert time.monotonic() - began > 0.75

    run(scenario())


def test_when_any_with_scheduled_children_blocks_the_next_task(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("race_activities_with_event")
            while not await _activities_done(client, instance_id):
                await asyncio.sleep(0.01)
            await client.raise_event(instance_id, "cancel", 1)
            began = time.monotonic()
            status = await h.wait(instance_id, 60)
            assert status.output == {"cancelled_at": 1, "result": [0, 1]}
            assert time.monotonic() - began > 0.4

    run(scenario())


def test_early_external_events_are_lost(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("early_events")
            await asyncio.sleep(0.1)
            await client.raise_event(instance_id, "e", 1)
            await client.raise_event(instance_id, "e", 2)
            assert (await h.wait(instance_id, 60)).output == ["2", "2"]

    run(scenario())


def test_raised_data_arrives_as_a_string(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("approval")
            await _has_begun(h, instance_id)
            await client.raise_event(instance_id, "go", {"by": "me"})
            assert (await h.wait(instance_id, 60)).output == {"got": '{"by": "me"}'}

    run(scenario())


def test_a_last_failed_try_is_followed_by_one_more_timer(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            status = await _ended(h, client, "all_tries_fail")
            assert status.output["follow_up"] == [0]
            assert "ValueError: boom" in status.output["caught"]
            shown = await client.get_status(status.instance_id, show_history=True)
            kinds = [event["EventType"] for event in shown.historyEvents]
            assert kinds.count("TimerFired") == 2
            assert kinds.count("TaskFailed") == 2

    run(scenario())


def test_a_custom_status_over_16_kib_of_utf16_fails_the_orchestration(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            assert (await _ended(h, client, "status_of_size", 8000)).runtime_status == "Completed"
            status = await _ended(h, client, "status_of_size", 9000)
            assert status.runtime_status == "Failed"
            assert "16 KB" in status.output
            assert status.custom_status is None

    run(scenario())


def test_a_falsy_custom_status_is_not_sent_and_the_former_one_stays(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            assert (await _ended(h, client, "falsy_status")).custom_status == {"a": 1}

    run(scenario())


def test_changed_orchestrator_code_is_non_deterministic(host: Any, run: Any, scenario_app: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("changed_code")
            await _has_begun(h, instance_id)
            scenario_app.BROKEN.add("changed")
            status = await h.wait(instance_id, 60)
            assert status.runtime_status == "Failed"
            assert "Non-Deterministic workflow detected" in status.output

    run(scenario())


def test_blocking_activities_starve_orchestrations_of_threads(host: Any, run: Any, scenario_app: Any) -> None:
    async def scenario() -> None:
        async with host(max_threads=1) as (h, client):
            await client.start_new("one_activity", "b", {"name": "blocking", "input": 0.6})
            await _has_begun(h, "b")
            assert (await _ended(h, client, "counter", 3)).output == 3
            assert scenario_app.TRIES["blocking"] == 1
            await client.start_new("one_activity", "s", {"name": "slow", "input": 1.8})
            await _has_begun(h, "s")
            assert (await _ended(h, client, "counter", 3)).output == 3
            assert (await h.status("s")).runtime_status == "Running"

    run(scenario())


def test_a_listing_shows_one_page_of_a_hundred(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            for n in range(101):
                h.management.start("counter", f"i-{n:03}", '"3"')
            for n in range(101):
                await h.wait(f"i-{n:03}", 60)
            assert len(await client.get_status_all()) == 100
            assert len(await h.instances()) == 101

    run(scenario())
