"""Plan, probe, approval and budget, in the embedded host with a clock that jumps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrators.approval import approval_pause
from tests.orchestrators.test_admission import shown
from tests.orchestrators.test_stylize import BATCHES, JOB, PLAN, QUEUED, QUOTE, World, names, play, runs

COST = {"low": 10.0, "likely": 12.4, "high": 20.0, "currency": "USD", "priceDate": "2026-11-01"}
ASKED = {"limit": 10.0, "currency": "USD", "low": 10.0, "likely": 12.4, "high": 20.0}
OVER = "About 12.40 USD are reckoned, the limit is 10 USD."
DEAR = {
    **PLAN,
    "guard": "approve",
    "quote": {**QUOTE, "cost": COST},
    "approval": ASKED,
    "reasons": [OVER],
}
LIMITED = {**QUEUED, "maxCost": 10.0, "currency": "USD", "overCost": "approve"}


@given(st.floats(0, 10**6))
def test_approval_is_looked_for_every_minute_at_least(waited: float) -> None:
    assert 2 <= approval_pause(waited).total_seconds() <= 60


def test_the_plan_says_which_batches_and_on_how_many_nodes(tmp_path: Path) -> None:
    world = World()
    world.script["plan_job"] = lambda _: {**PLAN, "nodes": 3}
    usual = world.look
    world.look = lambda i, a: {**usual(i, a), "t": 10.0}  # type: ignore[method-assign]
    status, calls, findings = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed" and findings == []
    asked = {name: request for name, request in calls}
    assert asked["split_video"]["plan"] is False
    assert asked["plan_job"] == {
        "job": QUEUED["job"],
        "first": 0,
        "index": 0,
        "retry": 0,
        "careful": False,
        "spent": 0.0,
    }
    assert (asked["submit_run"]["nodes"], asked["submit_run"]["evictions"]) == (3, 0)
    assert status.custom_status["nodeSeconds"] == 2 * 10 * 3, "time of runs times their nodes"
    assert asked["finish_job"]["quote"] == {name: QUOTE[name] for name in QUOTE if name != "reasons"}


def test_after_a_probe_the_rest_is_planned(tmp_path: Path) -> None:
    world, statuses = World(), list[dict[str, Any]]()

    def plan(request: dict[str, Any]) -> dict[str, Any]:
        if request["first"] == 0:
            return {**PLAN, "batches": BATCHES[:1], "probe": True}
        assert (request["first"], request["index"]) == (2, 1)
        statuses.append(shown(tmp_path))
        return {**PLAN, "batches": BATCHES[1:]}

    world.script["plan_job"] = plan
    status, calls, findings = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed" and findings == []
    assert runs(calls) == ["b0-a1", "b1-a1"] and names(calls).count("split_video") == 1
    assert (statuses[0]["framesDone"], statuses[0]["framesTotal"]) == (96, 240)
    assert status.custom_status["batchStates"] == "DD"


def test_a_probe_that_runs_for_long_is_planned_once(tmp_path: Path) -> None:
    world, plans = World(), list[int]()

    def plan(request: dict[str, Any]) -> dict[str, Any]:
        plans.append(request["first"])
        return {**PLAN, "batches": BATCHES[1:] if request["first"] else BATCHES[:1], "probe": len(plans) == 1}

    def look(i: int, a: int) -> dict[str, Any]:
        seen = world.looks[i, a] = world.looks.get((i, a), 0) + 1
        return {"i": i, "s": "done" if seen > 25 else "running", "n": seen}  # over two executions

    world.script["plan_job"], world.look = plan, look  # type: ignore[method-assign]
    status, _, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed" and plans == [0, 2]


def test_a_dear_job_waits_for_approval_without_a_place_in_the_queue(tmp_path: Path) -> None:
    world, looks, plans = World(), list[dict[str, Any]](), list[int]()

    def look(request: dict[str, Any]) -> dict[str, Any]:
        looks.append({**request, "shown": shown(tmp_path)})
        return {"approved": len(looks) > 25}  # in the third execution

    def plan(_: dict[str, Any]) -> dict[str, Any]:
        plans.append(0)
        return DEAR if len(plans) == 1 else PLAN

    world.script |= {"await_approval": look, "plan_job": plan}
    status, calls, findings = play(world, tmp_path, LIMITED)
    assert status.runtime_status == "Completed" and findings == []
    told = looks[3]["shown"]
    assert told["phase"] == "awaitingApproval"
    assert told["summary"] == "waiting for approval: about 12.40 USD, limit 10"
    assert told["approval"] == {**ASKED, "reasons": [OVER, "because"]} and told["quote"]["cost"] == COST
    assert looks[0]["ticket"] == QUEUED["ticket"], "its place is given away"
    tickets = [request["ticket"] for name, request in calls if name == "admit_job"]
    assert tickets[0] == QUEUED["ticket"] and tickets[1] > tickets[0], "and it queues anew, at the end"
    told_events = [request["type"] for name, request in calls if name == "tell_event"]
    assert told_events == ["started", "approval", "finished"], "told once, however long it waits"
    assert names(calls).count("split_video") == 1 and len(plans) == 2


def test_an_approval_that_does_not_suffice_is_waited_for_again(tmp_path: Path) -> None:
    world, seen, plans = World(), list[str](), list[int]()

    def look(request: dict[str, Any]) -> dict[str, Any]:
        seen.append(request["seen"])
        return {"approved": True}

    def plan(_: dict[str, Any]) -> dict[str, Any]:
        plans.append(0)
        return {**(DEAR if len(plans) < 3 else PLAN), "approvedAt": f"plan {len(plans)}"}

    world.script |= {"await_approval": look, "plan_job": plan}
    status, _, _ = play(world, tmp_path, LIMITED)
    assert status.runtime_status == "Completed" and seen == ["plan 1", "plan 2"] and len(plans) == 3


def test_a_job_above_the_limit_is_refused_with_the_figures(tmp_path: Path) -> None:
    world = World()
    world.script["plan_job"] = lambda _: {**DEAR, "guard": "refuse"}
    status, calls, _ = play(world, tmp_path, LIMITED)
    assert status.runtime_status == "Failed" and runs(calls) == []
    error = status.custom_status["error"]
    assert error["code"] == "over-budget"
    assert error["message"].startswith(f"{OVER} Nothing was spent; ")
    assert "REELBRUSH_MAX_COST" in error["message"]


def test_what_earlier_tries_and_the_probe_spent_is_told(tmp_path: Path) -> None:
    world, spent = World(), list[float]()

    def plan(request: dict[str, Any]) -> dict[str, Any]:
        spent.append(request["spent"])
        if request["first"] == 0:
            return {**PLAN, "batches": BATCHES[:1], "probe": True}
        return {**DEAR, "guard": "refuse"}

    usual = world.look
    world.script["plan_job"] = plan
    world.look = lambda i, a: {**usual(i, a), "t": 360.0}  # type: ignore[method-assign]
    status, _, _ = play(world, tmp_path, {**LIMITED, "retry": 1, "nodeSeconds": 1800.0})
    assert spent == [1800.0, 1800.0], "of the tries before; the probe is part of what is quoted"
    assert status.custom_status["nodeSeconds"] == 2160.0
    assert "0.60 node hours were spent, what they painted is kept" in status.custom_status["error"]["message"]


def test_at_the_limit_nothing_more_is_submitted_and_runs_are_stopped(tmp_path: Path) -> None:
    world = World()
    world.script["plan_job"] = lambda _: {**PLAN, "budgetSeconds": 100.0}

    def look(i: int, a: int) -> dict[str, Any]:
        seen = world.looks[i, a] = world.looks.get((i, a), 0) + 1
        if i == 0 and seen == 3:
            return {"i": i, "s": "failed", "n": 40, "p": True, "t": 30.0 * seen, "text": "killed"}
        return {"i": i, "s": "running", "n": 10 * seen, "t": 30.0 * seen}

    world.look = look  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path, LIMITED)
    assert status.runtime_status == "Failed"
    error = status.custom_status["error"]
    assert error["code"] == "over-budget" and "40 of 240 frames are done and kept" in error["message"]
    assert len(runs(calls)) == 2 and names(calls)[-3:] == ["cancel_runs", "close_job", "tell_event"]
    assert 100 <= status.custom_status["nodeSeconds"] <= 160


def test_work_that_is_done_at_the_limit_is_not_thrown_away(tmp_path: Path) -> None:
    world = World()
    world.script["plan_job"] = lambda _: {**PLAN, "budgetSeconds": 10.0}
    usual = world.look
    world.look = lambda i, a: {**usual(i, a), **({"t": 50.0} if world.looks[i, a] > 1 else {})}  # type: ignore[method-assign]
    status, _, _ = play(world, tmp_path, LIMITED)
    assert status.runtime_status == "Completed"


@pytest.mark.parametrize(("over", "phase"), [("approve", "done"), ("refuse", "failed")])
def test_a_retry_after_the_limit_needs_more_money(tmp_path: Path, over: str, phase: str) -> None:
    world = World()
    plans: list[int] = []
    world.script["plan_job"] = lambda _: (
        plans.append(0),
        {**PLAN, "budgetSeconds": 100.0 if len(plans) == 1 else 200.0},
    )[1]
    status, calls, _ = play(world, tmp_path, {**LIMITED, "retry": 1, "nodeSeconds": 150.0, "overCost": over})
    assert status.custom_status["phase"] == phase
    assert ("await_approval" in names(calls)) == (over == "approve")
    if over == "refuse":
        assert status.custom_status["error"]["code"] == "over-budget" and runs(calls) == []


def test_a_plan_without_batches_is_an_error(tmp_path: Path) -> None:
    world = World()
    world.script["plan_job"] = lambda _: {**PLAN, "batches": [], "probe": True}
    status, _, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Failed" and status.custom_status["error"]["code"] == "plan"


def test_a_careful_split_is_planned_anew(tmp_path: Path) -> None:
    world = World()
    damaged = {"i": 0, "s": "failed", "n": 0, "code": "source-damaged", "text": "frame 7", "final": True}
    usual = world.look
    world.look = lambda i, a: damaged if i == 0 and a < 500 else usual(i, a)  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed"
    asked = [request for name, request in calls if name == "plan_job"]
    assert [(request["first"], request["careful"]) for request in asked] == [(0, False), (0, True)]
    assert f"{JOB.id}-b0-a501" in [request["run"] for name, request in calls if name == "submit_run"]
