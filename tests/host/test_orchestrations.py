"""Orchestrations of the real SDK, replayed by the host."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reelbrush.host import ManualClock


def test_pipeline_with_retries_timers_and_a_sub_orchestration(host: Any, run: Any, scenario_app: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("pipeline", None, {"n": 7, "key": "k"})
            status = await h.wait(instance_id, 60)
            assert status.runtime_status == "Completed"
            assert status.output == {"scored": [0, 10, 20, 30, 40, 50, 60], "waited": 3}
            assert status.custom_status == {"stage": "done"}
            assert status.input == {"n": 7, "key": "k"}
            assert scenario_app.TRIES["k", 3] == 3

    run(scenario())


def test_a_poll_of_six_hours_does_not_take_six_hours(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host(clock=ManualClock(datetime(2026, 3, 1, tzinfo=UTC))) as (h, client):
            began = time.monotonic()
            instance_id = await client.start_new("poll_for_hours")
            status = await h.wait(instance_id, 60)
            assert status.output == "2026-03-01T06:00:00+00:00"
            assert status.updated - status.created == timedelta(hours=6)
            assert time.monotonic() - began < 60

    run(scenario())


def test_timers_beyond_six_days_are_split_and_fire(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host(clock=ManualClock()) as (h, client):
            status = await h.wait(await client.start_new("wait_for_weeks"), 60)
            assert status.output == "woken"
            assert status.updated - status.created == timedelta(days=15)

    run(scenario())


def test_a_manual_clock_that_does_not_jump_moves_only_when_it_is_told(host: Any, run: Any) -> None:
    async def scenario() -> None:
        clock = ManualClock(jump_when_idle=False)
        async with host(clock=clock) as (h, client):
            instance_id = await client.start_new("approval")
            with pytest.raises(TimeoutError):
                await h.wait(instance_id, 0.3)
            clock.advance(timedelta(seconds=31))
            assert (await h.wait(instance_id, 60)).output == "timeout"

    run(scenario())


def test_an_event_wins_over_a_cancelled_timer(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("approval", "with-an-id")
            await _running(h, instance_id)
            await client.raise_event(instance_id, "go", {"by": "me"})
            assert (await h.wait("with-an-id", 60)).output == {"got": '{"by": "me"}'}

    run(scenario())


def test_continue_as_new(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            status = await h.wait(await client.start_new("counter", None, 0), 60)
            assert (status.runtime_status, status.output, status.input) == ("Completed", 3, 3)

    run(scenario())


def test_events_that_nobody_read_are_carried_into_the_next_execution(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("collector", None, [])
            for item in ("a", "b", "c"):
                await client.raise_event(instance_id, "item", item)
            assert (await h.wait(instance_id, 60)).output == ['"a"', '"b"', '"c"']

    run(scenario())


def test_an_unknown_activity_fails_the_orchestration(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            status = await h.wait(await client.start_new("unknown_activity"), 60)
            assert status.runtime_status == "Failed"
            assert "no_such_activity" in status.output

    run(scenario())


def test_a_wide_fan_out_needs_few_replays(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            began = time.monotonic()
            status = await h.wait(await client.start_new("wide", None, 100), 60)
            assert status.output == 100
            assert time.monotonic() - began < 40

    run(scenario())


def test_orchestrations_go_on_after_a_restart(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await client.start_new("approval", "lasting")
            await _running(h, "lasting")
        async with host() as (h, client):
            await client.raise_event("lasting", "go", 1)
            assert (await h.wait("lasting", 60)).output == {"got": "1"}

    run(scenario())


def test_stopping_waits_for_activities_and_runs_the_rest_again(
    host: Any, run: Any, scenario_app: Any
) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            given = {"name": "slow", "input": 0.4}
            quick = await client.start_new("one_activity", "quick", given)
            await _running(h, quick)
            await h.stop(5)
        async with host() as (h, client):
            assert (await h.wait("quick", 60)).output == 0.4
            assert scenario_app.TRIES["slow"] == 1
            long = await client.start_new("one_activity", "long", {"name": "slow", "input": 0.5})
            await _running(h, long)
            await h.stop(0)
        async with host() as (h, client):
            assert (await h.wait("long", 60)).output == 0.5
            assert scenario_app.TRIES["slow"] == 3

    run(scenario())


def test_an_activity_that_exceeds_the_function_timeout_fails(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            for name in ("slow", "blocking"):
                given = {"name": name, "input": 3}
                status = await h.wait(await client.start_new("one_activity", None, given), 60)
                assert status.runtime_status == "Failed"
                assert "FunctionTimeoutException" in status.output

    run(scenario())


def test_an_activity_that_exits_fails_and_the_host_goes_on(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            for name in ("exits", "exits_later"):
                status = await h.wait(
                    await client.start_new("one_activity", None, {"name": name, "input": 3}), 60
                )
                assert f"'{name}' called sys.exit(3)" in status.output

    run(scenario())


async def _running(h: Any, instance_id: str) -> None:
    while (await h.status(instance_id)).runtime_status != "Running":
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
