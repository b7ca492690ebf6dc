"""The orchestrator in the embedded host, with a clock that jumps and activities that follow a script."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reelbrush.host import Host, InstanceStatus
from reelbrush.host.clock import ManualClock
from reelbrush.job import BlobRef, Job, to_json

APP = Path(__file__).parent / "app"
JOB = Job("clip-0123456789", BlobRef("input", "wave/clip.mp4", "e", 9), "wave")
INPUT: dict[str, Any] = {"job": to_json(JOB), "pollSeconds": 15, "attempts": 3}
QUEUED = {  # as this release starts jobs
    **INPUT,
    "release": 3,
    "evictions": 2,
    "queueMinutes": 30,
    "retry": 0,
    "ticket": f".queue/1767225600000-{JOB.id}",
    "startedAt": "2026-01-01T00:00:00.000+00:00",
}
BATCHES = [[0, 0, 2, 96], [1, 2, 3, 144]]
SPLIT = {"frames": 240, "input": {"width": 64}, "batches": BATCHES}
QUOTE = {"frames": 240, "batches": 2, "nodes": 2, "measured": True, "reasons": ["because"]}
PLAN = {"batches": BATCHES, "nodes": 1, "probe": False, "quote": QUOTE, "guard": "ok", "reasons": []}
RESULT = {"result": {"blob": "output/x", "frameCount": 240}}

Script = dict[str, Callable[[Any], Any]]


def run_of(request: dict[str, Any], index: int) -> int | None:
    """Return the attempt of batch `index` that a poll asks about."""
    return dict(request["runs"]).get(index)


class World:
    """What the activities answer unless a test says otherwise: each run is done at the second look."""

    def __init__(self) -> None:
        self.looks: dict[tuple[int, int], int] = {}
        self.script: Script = {
            "admit_job": lambda _: {"ahead": 0},
            "close_job": lambda _: True,
            "tell_event": lambda _: True,
            "split_video": lambda _: SPLIT,
            "plan_job": lambda _: PLAN,
            "await_approval": lambda _: {"approved": True},
            "ask_compute": lambda _: {"text": "busy"},
            "submit_run": lambda request: request["run"],
            "poll_runs": lambda request: [self.look(i, a) for i, a in request["runs"]],
            "stitch_video": lambda _: RESULT,
            "finish_job": lambda request: {**request["result"], "retries": request["retries"]},
            "cancel_runs": lambda _: True,
        }

    def look(self, index: int, attempt: int) -> dict[str, Any]:
        seen = self.looks[index, attempt] = self.looks.get((index, attempt), 0) + 1
        frames = BATCHES[index][3]
        return {"i": index, "s": "done" if seen > 1 else "running", "n": frames if seen > 1 else 10}


@pytest.fixture
def world() -> World:
    return World()


def play(
    world: World, folder: Path, request: dict[str, Any] = INPUT
) -> tuple[InstanceStatus, list[tuple[str, Any]], list[str]]:
    """Run one orchestration to its end; return its status, the activity calls and the lint findings."""

    async def inside() -> tuple[InstanceStatus, list[tuple[str, Any]], list[str]]:
        import azure.durable_functions as df

        from reelbrush.host.rpc import client_binding

        host = Host(APP, folder, store_root=None, clock=ManualClock())
        await host.start()
        module = sys.modules["function_app"]
        module.script.clear()
        module.calls.clear()
        module.script.update(world.script)
        try:
            client = df.DurableOrchestrationClient(client_binding(host.base_url))
            await client.start_new("stylize_video", JOB.id, request)
            status = await host.wait(JOB.id, timeout=60)
            findings = [str(finding) for finding in host.lint_findings]
            return status, list(module.calls), findings
        finally:
            await host.stop(grace_seconds=1)

    return asyncio.run(inside())


def names(calls: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in calls]


def runs(calls: list[tuple[str, Any]]) -> list[str]:
    return [request["run"].removeprefix(JOB.id + "-") for name, request in calls if name == "submit_run"]


def test_the_way_of_one_upload(world: World, tmp_path: Path) -> None:
    status, calls, findings = play(world, tmp_path)
    assert status.runtime_status == "Completed", status.output
    assert status.output == {"blob": "output/x", "frameCount": 240, "retries": 0}
    assert names(calls) == [
        "split_video",
        "submit_run",
        "submit_run",
        "poll_runs",
        "poll_runs",
        "stitch_video",
        "finish_job",
    ]
    assert runs(calls)[0] == "b1-a1", "the longest batch goes first"
    shown = status.custom_status
    assert (shown["phase"], shown["framesDone"], shown["batchStates"]) == ("done", 240, "DD")
    assert findings == []


def test_where_looks_linger_no_timer_comes_before_them(world: World, tmp_path: Path) -> None:
    for name, request in (("timer", INPUT), ("linger", {**INPUT, "lingers": True})):
        world.looks.clear()
        status, calls, _ = play(world, tmp_path / name, request)
        assert status.runtime_status == "Completed", status.output
        looks = [request for step, request in calls if step == "poll_runs"]
        passed = (status.updated - status.created).total_seconds()
        if name == "timer":
            assert passed >= 15 and not any("linger" in look for look in looks)
        else:  # the clock of this host moves by timers alone
            assert passed < 15 and looks[0]["linger"] == 15


def test_a_refused_video_fails_the_job_with_its_reason(world: World, tmp_path: Path) -> None:
    world.script["split_video"] = lambda _: {
        "error": {"code": "encrypted", "message": "the video is encrypted"}
    }
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Failed"
    assert status.custom_status["error"] == {"code": "encrypted", "message": "the video is encrypted"}
    assert names(calls) == ["split_video"]


def test_six_hours_of_polling_keep_the_history_short(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(INPUT, "pollSeconds", 60)
    world.script["poll_runs"] = lambda request: [
        {"i": i, "s": "done" if len(polls) > 360 else "running", "n": 1} for i, _ in request["runs"]
    ]
    polls: list[int] = []
    answer = world.script["poll_runs"]
    world.script["poll_runs"] = lambda request: (polls.append(1), answer(request))[1]
    status, calls, findings = play(world, tmp_path)
    assert status.runtime_status == "Completed"
    assert len(polls) == 361 and names(calls).count("split_video") == 1
    assert findings == []
    import sqlite3

    (database,) = tmp_path.glob("*.db")
    (events,) = sqlite3.connect(database).execute("select count(*) from history").fetchone()
    assert events < 200


def test_a_lost_run_is_submitted_again_and_only_that_one(world: World, tmp_path: Path) -> None:
    lost = {"i": 0, "s": "failed", "n": 48, "p": True, "code": "run-lost", "text": "killed by signal 9"}
    usual = world.look
    world.look = lambda i, a: lost if (i, a) == (0, 1) else usual(i, a)  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Completed" and status.output["retries"] == 1
    assert sorted(runs(calls)) == ["b0-a1", "b0-a2", "b1-a1"]


def test_failures_without_progress_end_the_job_after_three_attempts(world: World, tmp_path: Path) -> None:
    lost = {"i": 1, "s": "failed", "n": 0, "code": "run-lost", "text": "the node vanished"}
    usual = world.look
    world.look = lambda i, a: lost if i == 1 else usual(i, a)  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Failed"
    assert [r for r in runs(calls) if r.startswith("b1")] == ["b1-a1", "b1-a2", "b1-a3"]
    assert names(calls)[-1] == "cancel_runs"
    assert status.custom_status["error"] == {"code": "run-lost", "message": "the node vanished", "batch": 1}


def test_a_run_that_publishes_before_it_fails_costs_no_attempt(world: World, tmp_path: Path) -> None:
    usual = world.look
    world.look = lambda i, a: (  # type: ignore[method-assign]
        {"i": 0, "s": "failed", "n": a, "p": True, "text": "killed"} if i == 0 and a < 9 else usual(i, a)
    )
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Completed" and "b0-a9" in runs(calls)


def test_an_error_that_retrying_cannot_cure_fails_at_once(world: World, tmp_path: Path) -> None:
    bad = {"i": 0, "s": "failed", "n": 0, "code": "style", "text": "no such style", "final": True}
    world.look = lambda i, a: bad if i == 0 else {"i": i, "s": "running", "n": 0}  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Failed" and sorted(runs(calls)) == ["b0-a1", "b1-a1"]


def test_interrupted_runs_are_submitted_again_without_counting_as_failed(
    world: World, tmp_path: Path
) -> None:
    usual = world.look
    world.look = lambda i, a: (  # type: ignore[method-assign]
        {"i": 0, "s": "canceled", "n": 0} if i == 0 and a < 6 else usual(i, a)
    )
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Completed" and "b0-a6" in runs(calls)


def test_a_damaged_source_is_split_carefully_once(world: World, tmp_path: Path) -> None:
    damaged = {"i": 0, "s": "failed", "n": 0, "code": "source-damaged", "text": "frame 7", "final": True}
    usual = world.look
    world.look = lambda i, a: damaged if i == 0 and a < 500 else usual(i, a)  # type: ignore[method-assign]
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Completed"
    assert [request["careful"] for name, request in calls if name == "split_video"] == [False, True]
    assert "b0-a501" in runs(calls)


def test_a_segment_that_does_not_verify_is_scored_again(world: World, tmp_path: Path) -> None:
    answers = iter([{"missing": [[3, 3]]}, RESULT])
    world.script["stitch_video"] = lambda _: next(answers)
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Completed"
    assert sorted(runs(calls)) == ["b0-a1", "b1-a1", "b1-a2"], "segment 3 is in batch 1"


def test_segments_that_never_verify_end_the_job(world: World, tmp_path: Path) -> None:
    world.script["stitch_video"] = lambda _: {"missing": [[0, 0]]}
    status, _, _ = play(world, tmp_path)
    assert status.runtime_status == "Failed" and status.custom_status["error"]["code"] == "stitch"


@pytest.mark.logs_errors
@pytest.mark.parametrize("step", ["split_video", "submit_run", "poll_runs", "stitch_video", "finish_job"])
def test_an_activity_that_keeps_raising_fails_the_job_with_one_line(
    world: World, tmp_path: Path, step: str
) -> None:
    def broken(_: Any) -> Any:
        raise RuntimeError("disk full")

    world.script[step] = broken
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Failed"
    message = status.custom_status["error"]["message"]
    assert step in message and "disk full" in message and "Traceback" not in message and "\n" not in message
    assert names(calls).count(step) >= 4


def test_an_upload_that_asks_for_nonsense_fails_at_once(
    world: World, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(INPUT, "error", {"code": "side-car", "message": "the side-car cannot be read"})
    status, calls, _ = play(world, tmp_path)
    assert status.runtime_status == "Failed" and calls == []
    assert status.custom_status["summary"] == "the side-car cannot be read"


def test_a_retried_job_never_reuses_a_run_id(world: World, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(INPUT, "retry", 2)
    _, calls, _ = play(world, tmp_path)
    assert sorted(runs(calls)) == ["b0-a2001", "b1-a2001"]


def test_the_largest_job_stays_below_all_limits(world: World, tmp_path: Path) -> None:
    """100 batches, 10,000 segments: custom status below 8,192 characters, every payload below 10 KB."""
    batches = [[i, i * 100, 100, 4800] for i in range(100)]
    world.script["split_video"] = lambda _: {**SPLIT, "frames": 480000}
    world.script["plan_job"] = lambda _: {**PLAN, "batches": batches}
    polls: list[str] = []

    def poll(request: Any) -> Any:
        polls.append("")
        run = {"n": 4799, "w": 4700 + len(polls), "t": 12345 + len(polls)}
        lost = {**run, "s": "failed", "p": True}
        words = {"code": "run-lost", "text": "x" * 400}
        answer = [
            {**run, "i": i, "s": "done" if len(polls) > 14 else "running"}
            if a % 1000 > 1
            else {**lost, "i": i, **(words if i < 3 else {}), **({"log": ["y" * 300] * 5} if i == 0 else {})}
            for i, a in request["runs"]
        ]
        return answer

    world.script["poll_runs"] = poll
    status, calls, findings = play(world, tmp_path, {**QUEUED, "retry": 100})
    assert status.runtime_status == "Completed", status.output
    assert len(json.dumps(status.custom_status)) < 8000
    assert names(calls).count("poll_runs") == 15, "the state was carried into a second execution"
    assert findings == []
