"""What the real durable client can do with instances."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus


async def _waiting(h: Any, client: Any, instance_id: str) -> None:
    await client.start_new("approval", instance_id)
    while (await h.status(instance_id)).runtime_status != "Running":
        await asyncio.sleep(0.01)


def test_terminate(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await _waiting(h, client, "t")
            await client.terminate("t", "because of this")
            status = await h.wait("t", 60)
            assert (status.runtime_status, status.output) == ("Terminated", "because of this")
            await client.terminate("t", "again is fine")
            with pytest.raises(Exception, match="No instance"):
                await client.terminate("nobody", "x")

    run(scenario())


def test_a_wish_that_comes_while_an_instance_begins_anew_is_kept(
    host: Any, run: Any, scenario_app: Any
) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await client.start_new("goes_round", "round")
            assert await asyncio.to_thread(scenario_app.ROUND.wait, 60)
            await client.terminate("round", "enough")
            scenario_app.GO_ROUND.set()
            assert (await h.wait("round", 30)).runtime_status == "Terminated"

    run(scenario())


def test_results_of_activities_that_ran_on_after_a_terminate_are_dropped(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await client.start_new("one_activity", "d", {"name": "slow", "input": 0.4})
            await asyncio.sleep(0.15)
            await client.terminate("d", "stop")
            await h.wait("d", 60)
            await asyncio.sleep(0.5)
            assert (await h.status("d")).runtime_status == "Terminated"

    run(scenario())


def test_suspend_keeps_events_until_resume(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await _waiting(h, client, "s")
            await client.suspend("s", "hold")
            while (await client.get_status("s")).runtime_status is not OrchestrationRuntimeStatus.Suspended:
                await asyncio.sleep(0.01)
            await client.raise_event("s", "go", 5)
            await asyncio.sleep(0.2)
            assert (await h.status("s")).runtime_status == "Suspended"
            await client.resume("s", "on")
            assert (await h.wait("s", 60)).output == {"got": "5"}

    run(scenario())


def test_start_refuses_a_running_id_and_replaces_a_finished_one(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await _waiting(h, client, "same")
            with pytest.raises(Exception, match="already exists"):
                await client.start_new("approval", "same")
            await client.raise_event("same", "go", 1)
            await h.wait("same", 60)
            await client.start_new("counter", "same", 3)
            assert (await h.wait("same", 60)).output == 3

    run(scenario())


def test_bad_starts(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (_, client):
            with pytest.raises(Exception, match="nope"):
                await client.start_new("nope")
            with pytest.raises(Exception, match="Instance IDs"):
                await client.start_new("approval", "@entity")

    run(scenario())


def test_status_codes_of_events(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            assert not await client.get_status("nobody")
            with pytest.raises(Exception, match="No instance"):
                await client.raise_event("nobody", "go")
            await h.wait(await client.start_new("counter", "over", 3), 60)
            with pytest.raises(Exception, match="gone"):
                await client.raise_event("over", "go")

    run(scenario())


def test_listing_and_purging(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            before = datetime.now(UTC) - timedelta(minutes=1)
            for name in ("a-1", "a-2", "b-1"):
                await h.wait(await client.start_new("counter", name, 3), 60)
            await _waiting(h, client, "a-open")
            found = await client.get_status_by(instance_id_prefix="a-")
            assert sorted(s.instance_id for s in found) == ["a-1", "a-2", "a-open"]
            found = await client.get_status_by(runtime_status=[OrchestrationRuntimeStatus.Running])
            assert [s.instance_id for s in found] == ["a-open"]
            assert [s.instance_id for s in await h.instances(statuses=["Running"])] == ["a-open"]
            assert (await client.purge_instance_history("a-1")).instances_deleted == 1
            assert (await client.purge_instance_history("a-1")).instances_deleted == 0
            assert (await client.purge_instance_history_by(before)).instances_deleted == 2
            assert [s.instance_id for s in await h.instances()] == ["a-open"]

    run(scenario())


def test_restart_starts_the_same_input_under_a_new_id(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await h.wait(await client.start_new("counter", "first", 2), 60)
            answer = await client.restart("first")
            instance_id = answer["id"] if isinstance(answer, dict) else answer
            assert instance_id != "first"
            assert (await h.wait(instance_id, 60)).output == 3

    run(scenario())


def test_history_as_the_status_shows_it(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await h.wait(await client.start_new("one_activity", "h", {"name": "split", "input": 2}), 60)
            shown = await client.get_status("h", show_history=True, show_history_output=True)
            done = [event for event in shown.historyEvents if event["EventType"] == "TaskCompleted"]
            assert [(event["FunctionName"], event["Result"]) for event in done] == [("split", [0, 1])]

    run(scenario())


def test_waiting_for_instances_leaves_nothing_behind(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await _waiting(h, client, "w")
            waiting = [asyncio.create_task(h.wait("w", 60)) for _ in range(2)]
            await client.terminate("w", "enough")
            await asyncio.gather(*waiting)
            await h.wait("w", 60)
            await asyncio.sleep(0)
            assert h._parts.hub._watchers == {}

    run(scenario())
