"""Nodes that are taken away or never come, and a cluster that cannot be asked."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestrators.batches import BatchEntry
from orchestrators.outage import note_blindness
from reelbrush.job import Batch
from tests.orchestrators.test_admission import shown
from tests.orchestrators.test_stylize import BATCHES, PLAN, QUEUED, SPLIT, World, names, play, runs

NO_QUOTA = {
    "text": "the cluster cannot give nodes: no quota",
    "error": {"code": "queue-timeout", "message": "no quota; ask for more"},
    "dedicated": False,
}


def submissions(calls: list[tuple[str, Any]], batch: int) -> list[tuple[int, int]]:
    """Return (attempt, evictions) of each submission of a batch."""
    asked = [request for name, request in calls if name == "submit_run" and request["batch"][0] == batch]
    return [(request["attempt"], request["evictions"]) for request in asked]


def test_entries_pack_evictions_only_where_there_were_any() -> None:
    entry = BatchEntry(Batch(0, 0, 1, 2), evictions=3)
    assert BatchEntry.unpack(entry.pack()) == entry and len(entry.pack()) == 12
    assert len(BatchEntry(Batch(0, 0, 1, 2)).pack()) == 11


def test_evictions_cost_no_attempt_and_are_told_to_the_backend(tmp_path: Path) -> None:
    world = World()
    usual = world.look
    world.look = lambda i, a: (  # type: ignore[method-assign]
        {"i": 0, "s": "canceled", "n": 0, "e": 1} if i == 0 and a < 6 else usual(i, a)
    )
    status, calls, findings = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed" and findings == []
    assert submissions(calls, 0) == [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5)]
    assert submissions(calls, 1) == [(1, 0)], "a lost node costs its own batch only"
    assert status.custom_status["evictions"] == 5
    assert [request["evictions"] for name, request in calls if name == "finish_job"] == [5]


def test_evictions_do_not_go_on_for_ever(tmp_path: Path) -> None:
    world = World()
    usual = world.look
    world.look = lambda i, a: {"i": 0, "s": "canceled", "n": 0, "e": 1} if i == 0 else usual(i, a)  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Failed" and len(submissions(calls, 0)) == 51
    error = status.custom_status["error"]
    assert error["code"] == "evicted" and "51 times since their node was taken away" in error["message"]


def test_a_busy_cluster_is_waited_for_and_told(tmp_path: Path) -> None:
    world, asked = World(), list[dict[str, Any]]()
    world.script["ask_compute"] = lambda _: (
        asked.append(shown(tmp_path)),
        {"text": "all nodes are at work"},
    )[1]
    usual = world.look

    def look(i: int, a: int) -> dict[str, Any]:
        if len(asked) < 3:
            return {"i": i, "s": "queued", "n": 0}
        return usual(i, a)

    world.look = look  # type: ignore[method-assign]
    status, calls, findings = play(world, tmp_path, {**QUEUED, "pollSeconds": 60})
    assert status.runtime_status == "Completed" and findings == []
    assert "waiting" not in asked[0] and asked[1]["waiting"] == "all nodes are at work"
    assert asked[1]["phase"] == "waitingForCompute"
    assert 29 <= names(calls).count("poll_runs") / len(asked) <= 32, "every half an hour"
    assert "waiting" not in status.custom_status and len(runs(calls)) == 2


def test_a_cluster_that_cannot_grow_ends_the_job_with_its_own_words(tmp_path: Path) -> None:
    world = World()
    world.script["ask_compute"] = lambda _: NO_QUOTA
    world.look = lambda i, a: {"i": i, "s": "queued", "n": 0}  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path, {**QUEUED, "pollSeconds": 60})
    assert status.runtime_status == "Failed"
    assert status.custom_status["error"] == NO_QUOTA["error"]
    assert names(calls)[-3:] == ["cancel_runs", "close_job", "tell_event"]


def test_a_dedicated_cluster_takes_over_at_once_and_only_once(tmp_path: Path) -> None:
    world, asked = World(), list[int]()
    world.script["ask_compute"] = lambda _: (asked.append(0), {**NO_QUOTA, "dedicated": True})[1]
    world.look = lambda i, a: (  # type: ignore[method-assign]
        {"i": i, "s": "done", "n": 96} if i == 0 else {"i": i, "s": "queued", "n": 0}
    )
    status, calls, _ = play(world, tmp_path, {**QUEUED, "pollSeconds": 60})
    assert submissions(calls, 0) == [(1, 0)]
    assert submissions(calls, 1) == [(1, 0), (2, 2)], "to the dedicated cluster, which evictions choose"
    order = names(calls)
    assert order.index("cancel_runs") < len(order) - 1 - order[::-1].index("submit_run")
    assert status.runtime_status == "Failed" and len(asked) == 2
    assert "evictions" not in status.custom_status, "no node was taken away"


def test_what_is_planned_or_submitted_later_follows_to_the_dedicated_cluster(tmp_path: Path) -> None:
    world, asked, unsent = World(), list[int](), [0, 0]
    world.script["plan_job"] = lambda request: (
        {**PLAN, "batches": BATCHES[1:]}
        if request["first"]
        else {**PLAN, "batches": BATCHES[:1], "probe": True}
    )
    world.script["ask_compute"] = lambda _: (asked.append(0), {**NO_QUOTA, "dedicated": True})[1]

    def submit(request: dict[str, Any]) -> Any:
        if asked and unsent:
            return {"later": f"busy {unsent.pop()}"}
        return request["run"]

    world.script["submit_run"] = submit
    usual = world.look
    world.look = lambda i, a: usual(i, a) if asked else {"i": i, "s": "queued", "n": 0}  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path, {**QUEUED, "pollSeconds": 60})
    assert status.runtime_status == "Completed" and len(asked) == 1
    assert submissions(calls, 0) == [(1, 0), (2, 2), (2, 2), (2, 2)]
    assert submissions(calls, 1) == [(1, 2)]


@pytest.mark.logs_errors
def test_a_cluster_that_cannot_be_asked_is_waited_for(tmp_path: Path) -> None:
    world, tries = World(), list[int]()

    def broken(_: Any) -> Any:
        tries.append(0)
        raise RuntimeError("no route")

    world.script["ask_compute"] = broken
    world.look = lambda i, a: {"i": i, "s": "done" if tries else "queued", "n": 0}  # type: ignore[method-assign]
    status, _, _ = play(world, tmp_path, {**QUEUED, "pollSeconds": 60})
    assert status.runtime_status == "Completed" and len(tries) == 4


def test_the_largest_job_on_a_cluster_stays_below_all_limits(tmp_path: Path) -> None:
    """100 batches, 10,000 segments, all evicted often, one failed with its log, quoted: at the worst poll."""
    world, polls, turns = World(), list[int](), list[float]()
    batches = [[i, i * 100, 100, 4800] for i in range(100)]
    world.script["split_video"] = lambda _: {**SPLIT, "frames": 480_000}
    triple = {"low": 1234.56, "likely": 2345.67, "high": 3456.78}
    quote = {
        **{"frames": 480_000, "batches": 100, "nodes": 1000, "device": "NVIDIA A100 80GB PCIe"},
        **{"measured": True, "gpuHours": triple, "minutes": triple, "reasons": ["r" * 300] * 9},
        "cost": {**triple, "currency": "USD", "priceDate": "2026-11-01"},
    }
    plan = {"batches": batches, "nodes": 10, "probe": False, "quote": quote, "guard": "ok", "reasons": []}
    world.script["plan_job"] = lambda _: {**plan, "budgetSeconds": 1e12}

    def poll(request: dict[str, Any]) -> list[dict[str, Any]]:
        polls.append(len(json.dumps(shown(tmp_path))))
        turns.append(time.monotonic())
        if len(polls) < 12:
            words = {
                "s": "failed",
                "p": True,
                "e": 0,
                "code": "run-lost",
                "text": "x" * 400,
                "log": ["y" * 300] * 5,
            }
            lost = {"s": "canceled", "n": 4799, "w": 4700, "t": 12345, "e": 1}
            return [{**lost, "i": i, **(words if i == 0 else {})} for i, _ in request["runs"]]
        if len(polls) < 25:
            states = [{"i": i, "s": "running", "n": 4799, "w": 4799, "t": 12345} for i, _ in request["runs"]]
            return [*states, {"blind": "b" * 300}]
        return [{"i": i, "s": "done", "n": 4800} for i, _ in request["runs"]]

    world.script["poll_runs"] = poll
    status, _, findings = play(world, tmp_path, {**QUEUED, "retry": 100})
    assert status.runtime_status == "Completed", status.output
    assert findings == [], "payloads below 10 KB"
    assert 3000 < max(polls) < 8000 and status.custom_status["evictions"] == 99 * 11
    looks = [
        b - a for a, b in pairwise(turns[12:24])
    ]  # nothing but polls: two turns, a timer and a call each
    assert max(looks) < 1.0


def test_runs_that_cannot_be_submitted_now_are_submitted_later_under_the_same_id(tmp_path: Path) -> None:
    world, tries = World(), list[str]()

    def submit(request: dict[str, Any]) -> Any:
        tries.append(request["run"])
        return {"later": "no route"} if request["batch"][0] == 0 and len(tries) < 30 else request["run"]

    world.script["submit_run"] = submit
    usual = world.look
    world.look = lambda i, a: {"i": 1, "s": "queued", "n": 0} if len(tries) < 30 else usual(i, a)  # type: ignore[method-assign]
    status, calls, findings = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed" and findings == []
    assert set(runs(calls)) == {"b0-a1", "b1-a1"} and runs(calls).count("b1-a1") == 1
    assert [len(request["runs"]) for name, request in calls if name == "poll_runs"][:3] == [1, 1, 1]
    assert status.output["retries"] == 0


def test_runs_that_cannot_be_submitted_for_hours_end_the_job(tmp_path: Path) -> None:
    world = World()
    world.script["submit_run"] = lambda _: {"later": "no route"}
    status, _, _ = play(world, tmp_path, {**QUEUED, "pollSeconds": 60})
    assert status.runtime_status == "Failed" and status.custom_status["error"]["code"] == "unavailable"


def test_a_run_that_the_service_starts_again_is_paid_twice(tmp_path: Path) -> None:
    world = World()
    seconds = iter([50.0, 100.0, 20.0, 60.0])

    def poll(request: dict[str, Any]) -> list[dict[str, Any]]:
        t = next(seconds)
        state = "done" if t == 60 else "running"
        first = {"i": 0, "s": state, "n": 96, "t": t}
        return [first if i == 0 else {"i": i, "s": "done", "n": 144} for i, _ in request["runs"]]

    world.script["poll_runs"] = poll
    status, _, _ = play(world, tmp_path, QUEUED)
    assert status.custom_status["nodeSeconds"] == 160.0


def blind_world(hours: float, heartbeats: bool) -> World:
    """Return a world that cannot ask the cluster for so long, with polls every minute."""
    world, polls = World(), list[int]()

    def poll(request: dict[str, Any]) -> list[dict[str, Any]]:
        assert request["patient"]
        polls.append(0)
        if len(polls) <= hours * 60:
            beats = [{"i": 0, "s": "running", "n": 0, "w": len(polls) // 10}] if heartbeats else []
            return [*beats, {"blind": "no route to management.azure.com"}]
        return [{"i": i, "s": "done", "n": 96} for i, _ in request["runs"]]

    world.script["poll_runs"] = poll
    return world


@pytest.mark.parametrize(("hours", "heartbeats"), [(1, False), (3, True)])
def test_hours_without_the_control_plane_cost_nothing_but_time(
    tmp_path: Path, hours: int, heartbeats: bool
) -> None:
    world, seen = blind_world(hours, heartbeats), list[dict[str, Any]]()
    usual = world.script["poll_runs"]
    world.script["poll_runs"] = lambda request: (seen.append(shown(tmp_path)), usual(request))[1]
    status, calls, findings = play(world, tmp_path, {**QUEUED, "pollSeconds": 60})
    assert status.runtime_status == "Completed" and findings == [] and len(runs(calls)) == 2
    assert seen[30]["waiting"].startswith("the cluster cannot be asked: no route")
    assert "waiting" not in status.custom_status


def test_a_cluster_that_is_silent_for_too_long_ends_the_job(tmp_path: Path) -> None:
    status, calls, _ = play(blind_world(50, False), tmp_path, {**QUEUED, "pollSeconds": 60})
    assert status.runtime_status == "Failed" and status.custom_status["error"]["code"] == "unavailable"
    assert 115 <= names(calls).count("poll_runs") <= 125 and "cancel_runs" in names(calls)


def test_a_workspace_that_is_gone_ends_the_job_at_once(tmp_path: Path) -> None:
    world, error = World(), {"code": "workspace-missing", "message": "there is no such workspace"}
    world.script["poll_runs"] = lambda _: [{"error": error}]
    status, calls, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Failed" and status.custom_status["error"] == error
    assert names(calls).count("poll_runs") == 1


def test_a_submission_that_no_try_will_cure_ends_the_job_and_stops_the_others(tmp_path: Path) -> None:
    world, error = World(), {"code": "quota", "message": "0 of 6 cores. Ask for quota"}
    world.script["submit_run"] = lambda request: {"error": error} if request["batch"][0] else request["run"]
    status, calls, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Failed" and status.custom_status["error"] == error
    assert len(runs(calls)) == 2 and "cancel_runs" in names(calls)


def test_time_that_jumps_makes_no_cluster_silent() -> None:
    work: dict[str, Any] = {}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for minutes in (0, 15, 24 * 60, 15, -60, 15, 24 * 60, 15):  # asleep, set forward, set back
        now += timedelta(minutes=minutes)
        assert note_blindness(work, "503", now) is None, (now, work)
    for _ in range(3):
        now += timedelta(minutes=15)
        error = note_blindness(work, "503", now)
    assert error is not None and error["code"] == "unavailable"
    assert note_blindness(work, "", now) is None and work == {}
    earlier = {"blindSince": now.isoformat()}  # as a release before this one left it
    assert note_blindness(earlier, "503", now + timedelta(minutes=15)) is None
