"""One look at runs: what the run wrote counts before what the backend says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from activities.poll import linger, poll
from activities.services import Services
from orchestrators.batches import Look
from reelbrush.compute import RunRequest, RunStatus
from reelbrush.compute.local import LocalCompute
from reelbrush.job import BatchProgress, BatchState, LedgerPage, WorkNames, run_id, to_json
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore

JOB = "clip-0123456789"
NAMES = WorkNames(JOB)


@pytest.fixture
def to(tmp_path: Path) -> Services:
    store = FolderStore(tmp_path / "store")
    compute = LocalCompute(store.uri, tmp_path / "runs", workers=1)
    return Services(Settings(store=store.uri), store, compute)


def put(to: Services, name: str, document: Any) -> None:
    to.store.put_bytes(WORK, name, json.dumps(to_json(document)).encode())


def progress(run: str, state: BatchState, **changes: Any) -> BatchProgress:
    return BatchProgress(run, state, 1, 2, 48, 96, 0.0, **changes)


def look(to: Services, batch: int = 0, attempt: int = 1) -> Look:
    (seen,) = poll(to, JOB, [[batch, attempt]])
    return Look.unpack(seen)


def record(to: Services, run: str, **files: str) -> None:
    """Leave the local backend's record of a run, as its processes would."""
    folder: Path = to.compute._folder / run  # type: ignore[attr-defined]
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps({"job": JOB, "at": 1}))
    for name, text in files.items():
        (folder / name).write_text(text)


def test_a_run_that_nobody_knows_is_to_be_submitted_again(to: Services) -> None:
    assert look(to).state is BatchState.CANCELED


def test_a_result_counts_before_the_backend(to: Services) -> None:
    run = run_id(JOB, 0, 1)
    record(to, run, ended="lost")
    put(to, NAMES.result(run), progress(run, BatchState.DONE, new_frames=40, seconds=8.12))
    assert look(to) == Look(0, BatchState.DONE, 48, False, painted=40, seconds=8.1)


def test_a_refusal_is_final_and_keeps_its_code(to: Services) -> None:
    run = run_id(JOB, 0, 1)
    put(
        to,
        NAMES.batch(run),
        {"batch": {"index": 0, "first_segment": 0, "segment_count": 1, "frame_count": 48}},
    )
    put(to, NAMES.manifest, {"generation": "g"})
    failed = progress(run, BatchState.FAILED, error="no such style", error_code="style", retryable=False)
    put(to, NAMES.result(run), failed)
    seen = look(to)
    assert (seen.state, seen.code, seen.message, seen.retryable) == (
        BatchState.FAILED,
        "style",
        "no such style",
        False,
    )


@pytest.mark.parametrize("published_by", [1, 2])
def test_only_what_this_run_published_is_its_progress(to: Services, published_by: int) -> None:
    run = run_id(JOB, 0, 2)
    record(to, run, ended="-9")
    put(
        to,
        NAMES.batch(run),
        {"batch": {"index": 0, "first_segment": 3, "segment_count": 2, "frame_count": 96}},
    )
    put(to, NAMES.manifest, {"generation": "g"})
    put(to, NAMES.page("g", 4), LedgerPage(4, 48, "", "", 1, run_id(JOB, 0, published_by)))
    seen = look(to, attempt=2)
    assert (seen.state, seen.code, seen.progressed) == (BatchState.FAILED, "run-lost", published_by == 2)
    assert "signal 9" in seen.message


def test_a_run_that_ended_well_without_a_result_has_failed(to: Services) -> None:
    run = run_id(JOB, 0, 1)
    record(to, run, ended="0")
    put(
        to,
        NAMES.batch(run),
        {"batch": {"index": 0, "first_segment": 0, "segment_count": 1, "frame_count": 48}},
    )
    put(to, NAMES.manifest, {"generation": "g"})
    assert look(to).state is BatchState.FAILED


def test_a_queued_run_tells_what_is_done_already(to: Services) -> None:
    run = run_id(JOB, 0, 1)
    record(to, run)
    (to.compute._folder / "drain").touch()  # type: ignore[attr-defined]
    put(to, NAMES.progress(run), progress(run, BatchState.QUEUED))
    assert look(to) == Look(0, BatchState.QUEUED, 48, False)
    to.compute.submit(RunRequest(JOB, run))
    assert to.compute.status(JOB, [run]) == {run: RunStatus(run, BatchState.QUEUED)}


def test_a_hundred_failing_batches_fit_into_one_payload(to: Services) -> None:
    put(to, NAMES.manifest, {"generation": "g"})
    for batch in range(100):
        run = run_id(JOB, batch, 1)
        place = {"index": batch, "first_segment": batch, "segment_count": 1, "frame_count": 48}
        put(to, NAMES.batch(run), {"batch": place})
        failed = progress(
            run,
            BatchState.FAILED,
            error="x" * 3000,
            error_code="out-of-memory",
            retryable=False,
            new_frames=4799,
            seconds=1234.5,
        )
        put(to, NAMES.result(run), failed)
        record(to, run, **{"log": "", "ended": "3"})
        (to.compute._folder / run / "log.txt").write_text(f"{'y' * 400}\n" * 9)  # type: ignore[attr-defined]
    answer = poll(to, JOB, [[batch, 1] for batch in range(100)])
    assert len(answer) == 100 and len(json.dumps(answer)) < 10_000
    assert [index for index, look in enumerate(answer) if "log" in look] == [0]
    assert [len(line) for line in answer[0]["log"]] == [300] * 5


def test_a_look_lingers_until_a_run_has_ended(to: Services) -> None:
    (to.compute._folder / "drain").touch()  # type: ignore[attr-defined]
    first, second = run_id(JOB, 0, 1), run_id(JOB, 1, 1)
    record(to, first)
    record(to, second)

    async def inside() -> None:
        await linger(to, JOB, [[0, 1], [1, 1]], 0.1)  # over although both are open
        waiting = asyncio.create_task(linger(to, JOB, [[0, 1], [1, 1]], 3600))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        (to.compute._folder / second / "ended").write_text("0")  # type: ignore[attr-defined]
        await asyncio.wait_for(waiting, 60)
        await asyncio.wait_for(linger(to, JOB, [[2, 1]], 3600), 60)  # nobody knows it: that is news, too

    asyncio.run(inside())
