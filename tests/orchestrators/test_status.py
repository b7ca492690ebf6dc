"""What the custom status shows, and that it never grows too long."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrators.batches import BatchEntry
from orchestrators.scoring import reopen
from orchestrators.status import status_of
from reelbrush.job import Batch, BatchState
from tests.orchestrators.test_stylize import QUEUED, World, play

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(index: int, state: BatchState, done: int, frames: int = 100) -> list[Any]:
    return BatchEntry(Batch(index, index, 1, frames), 1, 0, 0, state, done, done, 1.0).pack()


def scoring(*entries: list[Any], **more: Any) -> dict[str, Any]:
    work = {"entries": list(entries), "frames": 100 * len(entries), "input": {"width": 64}, "retries": 0}
    return status_of("scoring", {"retry": 0}, {**work, **more}, NOW)


def test_waiting_for_a_node_is_told_from_scoring() -> None:
    queued, running = entry(0, BatchState.QUEUED, 0), entry(1, BatchState.RUNNING, 10)
    assert scoring(queued)["phase"] == "waitingForCompute"
    assert scoring(queued)["summary"] == "waiting for compute: 0 of 100 frames, 0 of 1 batches"
    assert scoring(entry(1, BatchState.DONE, 100), queued)["phase"] == "waitingForCompute"
    assert scoring(queued, running)["phase"] == "scoring"


def test_rate_and_eta_are_absent_until_measured() -> None:
    running = entry(0, BatchState.RUNNING, 40)
    for samples in ([], [[0.0, 40]], [[0.0, 40], [5.0, 40]]):
        assert not {"rate", "etaSeconds"} & set(scoring(running, samples=samples))
    shown = scoring(running, samples=[[0.0, 20], [5.0, 40]])
    assert shown["rate"] == {"fps": 4.0}
    assert 15 <= shown["etaSeconds"] <= 17  # 60 frames at 4 per second, then stitching


def test_segments_that_do_not_verify_are_not_done() -> None:
    entries = [
        BatchEntry(Batch(i, 4 * i, 4, 100), 1, state=BatchState.DONE, frames_done=100) for i in range(3)
    ]
    work = {"entries": [e.pack() for e in entries], "frames": 300, "input": {}, "retries": 0, "rounds": 0}
    reopen(work, [[3, 5], [7, 7]])
    shown = status_of("scoring", {}, work, NOW)
    assert (shown["framesDone"], shown["batchStates"]) == (75 + 25 + 100, "FFD")


def test_what_was_published_before_does_not_count_as_speed(tmp_path: Path) -> None:
    """A retried job finds 90 of 96 frames published and paints six in 30 seconds."""
    world, at = World(), list[int]()

    def poll(request: Any) -> Any:
        at.append(len(at))
        painted = min(6, 2 * len(at))
        state = "done" if painted == 6 else "running"
        both = [{"s": state, "n": 90 + painted, "w": painted, "t": 15.0 * len(at)}, {"s": "done", "n": 144}]
        return [{"i": i, **both[i]} for i, _ in request["runs"]]

    world.script["poll_runs"] = poll
    statuses: list[dict[str, Any]] = []
    world.script["stitch_video"] = lambda _: (
        statuses.append(_shown(tmp_path)) or {"result": {"blob": "output/x"}}
    )
    status, _, _ = play(world, tmp_path, QUEUED)
    assert status.custom_status["nodeSeconds"] == 45.0
    assert statuses[0]["phase"] == "stitching" and statuses[0]["framesDone"] == 240


def test_the_latest_failure_is_kept_with_its_log(tmp_path: Path) -> None:
    world = World()
    usual = world.look
    lost = {
        "i": 0,
        "s": "failed",
        "n": 48,
        "p": True,
        "code": "run-lost",
        "text": "killed",
        "log": ["a", "b"],
    }
    world.look = lambda i, a: lost if (i, a) == (0, 1) else usual(i, a)  # type: ignore[method-assign]
    status, _, _ = play(world, tmp_path, QUEUED)
    run = f"{QUEUED['job']['id']}-b0-a1"
    wanted = {"code": "run-lost", "message": "killed", "batch": 0, "run": run, "log": ["a", "b"]}
    assert status.runtime_status == "Completed" and status.custom_status["lastError"] == wanted


def test_a_failed_job_still_shows_how_far_it_came(tmp_path: Path) -> None:
    world = World()
    bad = {"i": 0, "s": "failed", "n": 7, "code": "style", "text": "no such style", "final": True}
    world.look = lambda i, a: bad if i == 0 else {"i": i, "s": "running", "n": 5}  # type: ignore[method-assign]
    status, _, _ = play(world, tmp_path, QUEUED)
    shown = status.custom_status
    assert (shown["phase"], shown["framesDone"], shown["batchStates"]) == ("failed", 12, "FR")
    assert shown["summary"] == "no such style" and shown["attempts"] == [1, 1]


def test_the_longest_status_stays_below_the_limit() -> None:
    entries = [entry(i, BatchState.RUNNING, 4799, 4800) for i in range(100)]
    for packed in entries:
        packed[4] = 123_499
    error = {"code": "run-lost", "message": "é" * 400, "batch": 99, "run": "r" * 60, "log": ["ü" * 300] * 5}
    work = {
        "entries": entries,
        "frames": 480_000,
        "input": {"width": 7680, "height": 4320, "frameRate": "30000/1001", "codec": "h264"},
        "retries": 500,
        "samples": [[NOW.timestamp() + i, 1000 * i] for i in range(8)],
        "lastError": error,
    }
    result = {"blob": "output/" + "x" * 250, "notes": ["n" * 200] * 20}
    failure = {"code": "internal", "message": "é" * 1000}
    for phase, more in (("scoring", {}), ("done", {"result": result}), ("failed", {"error": failure})):
        status = status_of(phase, {"retry": 0}, work, NOW + timedelta(days=1), **more)
        assert len(json.dumps(status, ensure_ascii=False)) < 8000, phase
        assert status["framesTotal"] == 480_000


def _shown(folder: Path) -> dict[str, Any]:
    from tests.orchestrators.test_admission import shown

    return shown(folder)
