"""Rows of batches, from runs that wait, run, failed, and from the receipt when they are gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from activities.batches import batch_rows
from activities.services import Services
from reelbrush.job import BatchProgress, BatchState, WorkNames, run_id, to_json
from reelbrush.job.names import WORK
from tests.activities.test_poll import JOB, NAMES, to

__all__ = ["to"]


def describe(to: Services, index: int, attempt: int, frames: int = 96) -> str:
    run = run_id(JOB, index, attempt)
    place = {"index": index, "first_segment": 2 * index, "segment_count": 2, "frame_count": frames}
    document = {"batch": place, "submittedAt": "2026-01-01T00:00:00.000+00:00"}
    to.store.put_bytes(WORK, NAMES.batch(run), json.dumps(document).encode())
    return run


def beat(name: str, to: Services, run: str, state: BatchState, **more: Any) -> None:
    progress = BatchProgress(run, state, 1, 2, 48, 96, 1767225630.0, 10.0, 20, **more)
    to.store.put_bytes(WORK, name, json.dumps(to_json(progress)).encode())


def test_each_batch_tells_where_its_latest_run_stands(to: Services) -> None:
    describe(to, 0, 1001)
    running, failed = describe(to, 1, 502, frames=48), describe(to, 2, 1)
    beat(NAMES.progress(running), to, running, BatchState.RUNNING)
    beat(NAMES.result(failed), to, failed, BatchState.FAILED, error="no memory", error_code="out-of-memory")
    waits, runs, fails = batch_rows(to, JOB, [1001, 502, 1])
    assert waits == {
        "index": 0,
        "firstSegment": 0,
        "frames": 96,
        "startFrame": 0,
        "endFrame": 96,
        "state": "queued",
        "attempt": 1,
        "runId": run_id(JOB, 0, 1001),
        "submittedAt": waits["submittedAt"],
    }
    assert (runs["startFrame"], runs["endFrame"], runs["attempt"], runs["state"]) == (96, 144, 2, "running")
    assert (runs["waitSeconds"], runs["runSeconds"], runs["framesPerSecond"]) == (20.0, 10.0, 2.0)
    assert (fails["startFrame"], fails["state"]) == (144, "failed")
    assert fails["error"] == {"code": "out-of-memory", "message": "no memory"}


def test_of_purged_work_the_receipt_tells(to: Services) -> None:
    assert batch_rows(to, JOB, [1, 1]) == []
    batches = [{"index": 0, "startFrame": 0, "endFrame": 96}]
    to.store.put_bytes(WORK, WorkNames(JOB).receipt, json.dumps({"batches": batches}).encode())
    assert batch_rows(to, JOB, [1]) == [{**batches[0], "state": "done"}]
    assert batch_rows(to, JOB, []) == [{**batches[0], "state": "done"}]


@pytest.mark.parametrize("count", [100])
def test_a_hundred_batches_are_read_in_order(to: Services, count: int) -> None:
    for index in range(count):
        describe(to, index, 1, frames=index + 1)
    rows = batch_rows(to, JOB, [1] * count)
    assert [row["index"] for row in rows] == list(range(count))
    assert rows[-1]["endFrame"] == count * (count + 1) // 2


def test_the_folder_of_no_job_is_left_alone(to: Services, tmp_path: Path) -> None:
    batch_rows(to, JOB, [1])
    assert not (tmp_path / "store" / WORK).exists()
