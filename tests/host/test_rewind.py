"""Failed orchestrations run again from where they failed, and nothing that succeeded runs twice."""

from __future__ import annotations

from typing import Any

import pytest


def test_failed_tasks_of_a_sub_orchestration_run_again(host: Any, run: Any, scenario_app: Any) -> None:
    async def scenario() -> None:
        tries, broken = scenario_app.TRIES, scenario_app.BROKEN
        broken.update(("one", "two"))
        async with host() as (h, client):
            await client.start_new("parent_of_failing", "p")
            assert (await h.wait("p", 60)).runtime_status == "Failed"
            assert (await h.status("p-child")).runtime_status == "Failed"
            broken.clear()
            await client.rewind("p", "repaired")
            status = await h.wait("p", 60)
            assert status.runtime_status == "Completed"
            assert status.output == ["before", ["child", "one", "two", "three"], "after"]
        assert (tries["before"], tries["child"], tries["three"], tries["after"]) == (1, 1, 1, 1)
        assert tries["one"] == 3

    run(scenario())


def test_a_rewound_orchestration_can_fail_and_be_rewound_again(
    host: Any, run: Any, scenario_app: Any
) -> None:
    async def scenario() -> None:
        scenario_app.BROKEN.add("two")
        async with host() as (h, client):
            await client.start_new("failing_child", "again")
            for _ in range(3):
                assert (await h.wait("again", 60)).runtime_status == "Failed"
                await client.rewind("again", "hope")
            await h.wait("again", 60)
            scenario_app.BROKEN.clear()
            await client.rewind("again", "repaired")
            assert (await h.wait("again", 60)).output == ["child", "one", "two", "three"]
        assert scenario_app.TRIES["child"] == 1

    run(scenario())


def test_an_orchestrator_that_raised_by_itself_runs_its_last_turn_again(
    host: Any, run: Any, scenario_app: Any
) -> None:
    async def scenario() -> None:
        scenario_app.BROKEN.add("orchestrator")
        async with host() as (h, client):
            await client.start_new("raises_itself", "r")
            assert "a bug in the orchestrator" in (await h.wait("r", 60)).output
            scenario_app.BROKEN.clear()
            await client.rewind("r", "deployed")
            assert (await h.wait("r", 60)).output == "repaired"
        assert scenario_app.TRIES["step"] == 1

    run(scenario())


def test_only_failed_instances_can_be_rewound(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            await h.wait(await client.start_new("counter", "fine", 3), 60)
            with pytest.raises(Exception, match="only supported on failed"):
                await client.rewind("fine", "x")
            with pytest.raises(Exception, match="No instance"):
                await client.rewind("nobody", "x")

    run(scenario())
