"""Cancellation and completion: exactly one of the two happens, whatever meets whatever."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from activities.cancel import cancel_job
from activities.finish import finish
from activities.marks import CANCELED, FINISHED, CancelWatch, JobCanceled, decide, is_canceled
from activities.services import Services
from activities.split import split
from activities.stitch import stitch
from activities.submit import submit
from reelbrush.compute import RunRequest
from reelbrush.compute.local import LocalCompute
from reelbrush.job import Job, WorkNames, run_id, ticket_name, to_json
from reelbrush.job.names import CANCELING, ENDED, OUTPUT, QUEUE, WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.activities.test_stitch import JOB, NAMES, to

__all__ = ["to"]

OUTPUT_BLOB = f"{JOB.id}/clip.mp4"
FINISH = {
    "job": to_json(JOB),
    "result": {"blob": f"output/{OUTPUT_BLOB}"},
    "retries": 0,
    "nodeSeconds": 7200.0,
    "attempts": [1],
}


def submission(attempt: int = 1) -> dict[str, object]:
    run = run_id(JOB.id, 0, attempt)
    return {"job": to_json(JOB), "batch": [0, 0, 2, 4], "attempt": attempt, "run": run}


class Recorder(LocalCompute):
    """The local backend, which starts nothing and calls `on_submit` when it is handed a run."""

    def __init__(self, folder: Path) -> None:
        super().__init__("folder:/x", folder, workers=1)
        (folder / "drain").touch()
        self.on_submit = lambda: None
        self.submissions: list[str] = []

    def submit(self, request: RunRequest) -> None:
        self.on_submit()
        self.submissions.append(request.run)
        super().submit(request)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "recorded")


@pytest.fixture
def recorded(to: Services, recorder: Recorder) -> Services:
    return Services(to.settings, to.store, recorder)


def test_a_canceled_job_leaves_the_queue_and_its_output_behind(to: Services) -> None:
    to.store.put_bytes(WORK, ticket_name(1, JOB.id), b"")
    to.store.put_bytes(WORK, ticket_name(2, "other-0123456789"), b"")
    to.store.put_bytes(OUTPUT, OUTPUT_BLOB, b"video")
    assert cancel_job(to, JOB.id)
    assert [blob.name for blob in to.store.list(WORK, QUEUE)] == [ticket_name(2, "other-0123456789")]
    assert to.store.stat(OUTPUT, OUTPUT_BLOB) is None
    assert to.store.stat(WORK, f"{CANCELING}{JOB.id}") is not None
    assert cancel_job(to, JOB.id), "twice is once"
    assert is_canceled(to.store, JOB.id)


def test_no_step_of_a_canceled_job_does_anything(recorded: Services, recorder: Recorder) -> None:
    assert cancel_job(recorded, JOB.id)
    recorded.store.delete_prefix(WORK, NAMES.prefix + "g/")  # steps that went on would fail
    assert split(recorded, JOB, False) == {"canceled": True}
    assert submit(recorded, submission()) == "" and recorder.submissions == []
    assert stitch(recorded, JOB) == {"canceled": True}
    assert finish(recorded, FINISH) == {"canceled": True}
    assert recorded.store.stat(WORK, NAMES.receipt) is None


def test_a_cancellation_in_the_middle_of_a_submission_leaves_no_run(
    recorded: Services, recorder: Recorder
) -> None:
    recorder.on_submit = lambda: cancel_job(recorded, JOB.id) and None
    assert submit(recorded, submission()) == ""
    (run,) = recorder.submissions
    assert recorder.status(JOB.id, [run])[run].state == "canceled"


def test_a_run_is_described_once_and_keeps_its_time(recorded: Services, recorder: Recorder) -> None:
    assert submit(recorded, submission()) == run_id(JOB.id, 0, 1)
    first = recorded.store.read_bytes(WORK, NAMES.batch(run_id(JOB.id, 0, 1)))
    assert submit(recorded, submission()) == run_id(JOB.id, 0, 1)
    assert recorded.store.read_bytes(WORK, NAMES.batch(run_id(JOB.id, 0, 1))) == first
    assert json.loads(first)["submittedAt"]


def test_an_output_that_a_cancellation_did_not_see_is_taken_back(
    to: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(*_: object) -> dict[str, object]:
        assert cancel_job(to, JOB.id)
        to.store.put_bytes(OUTPUT, OUTPUT_BLOB, b"video")
        return {"blob": f"output/{OUTPUT_BLOB}"}

    monkeypatch.setattr("activities.stitch._stitch", publish)
    monkeypatch.setattr("activities.stitch.check_source", lambda *_: None)
    assert stitch(to, JOB) == {"canceled": True}
    assert to.store.stat(OUTPUT, OUTPUT_BLOB) is None


def test_a_long_step_notices_a_cancellation_on_its_way(to: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.marks.LOOK_SECONDS", 0.0)
    watch = CancelWatch(to.store, JOB.id)
    watch.check(1, 2)
    assert cancel_job(to, JOB.id)
    with pytest.raises(JobCanceled):
        watch.check(2, 2)


def test_splitting_ends_when_the_job_is_canceled(
    to: Services, monkeypatch: pytest.MonkeyPatch, clip: Path
) -> None:
    monkeypatch.setattr("activities.marks.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("reelbrush.media.index.PROGRESS_EVERY", 10)
    to.store.put_file("input", "c.mp4", clip)
    source = to.store.stat("input", "c.mp4")
    assert source is not None
    job = Job("c-0123456789", source, "identity")
    looks = iter([False, False, True])
    monkeypatch.setattr("activities.marks.is_canceled", lambda *_: next(looks))
    assert split(to, job, False) == {"canceled": True}
    assert to.store.stat(WORK, WorkNames(job.id).manifest) is None and next(looks, None) is None


def test_canceling_a_finished_job_changes_nothing(to: Services) -> None:
    to.store.put_bytes(OUTPUT, OUTPUT_BLOB, b"video")
    receipt = finish(to, FINISH)
    before = {blob.name: blob.etag for blob in to.store.list(WORK)}
    assert not cancel_job(to, JOB.id)
    assert {blob.name: blob.etag for blob in to.store.list(WORK)} == before
    assert to.store.stat(OUTPUT, OUTPUT_BLOB) is not None
    assert finish(to, FINISH) == receipt


@pytest.mark.parametrize("round", range(10))
def test_of_a_finish_and_a_cancellation_at_once_one_holds(to: Services, round: int) -> None:
    to.store.put_bytes(OUTPUT, OUTPUT_BLOB, b"video")
    gate = threading.Barrier(3)

    def wait(step: object, *arguments: object) -> object:
        gate.wait()
        return step(*arguments)  # type: ignore[operator]

    with ThreadPoolExecutor() as pool:
        cancels = [pool.submit(wait, cancel_job, to, JOB.id) for _ in range(2)]
        done = pool.submit(wait, finish, to, FINISH)
        canceled = {bool(cancel.result()) for cancel in cancels}
    assert canceled == {"canceled" in done.result()}  # type: ignore[operator]
    assert (to.store.stat(WORK, NAMES.receipt) is None) == is_canceled(to.store, JOB.id)
    assert (to.store.stat(OUTPUT, OUTPUT_BLOB) is None) == is_canceled(to.store, JOB.id)


def test_the_first_decision_holds(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert not is_canceled(store, "a")
    assert decide(store, "a", FINISHED) == FINISHED == decide(store, "a", CANCELED)
    assert decide(store, "b", CANCELED) == CANCELED == decide(store, "b", FINISHED)


def test_the_receipt_tells_batches_node_time_and_cost(to: Services) -> None:
    priced = Services(Settings(to.settings.store, price_per_hour=1.5, work_hours=0), to.store, to.compute)
    run = run_id(JOB.id, 0, 1)
    description = {
        "batch": {"index": 0, "first_segment": 0, "segment_count": 2, "frame_count": 4},
        "submittedAt": "2026-01-01T00:00:00+00:00",
    }
    to.store.put_bytes(WORK, NAMES.batch(run), json.dumps(description).encode())
    result = {
        "run": run,
        "state": "done",
        "segments_done": 2,
        "segments_total": 2,
        "frames_done": 4,
        "frames_total": 4,
        "updated_at": 1767225610.0,
        "seconds": 8.0,
        "new_frames": 4,
    }
    to.store.put_bytes(WORK, NAMES.result(run), json.dumps(result).encode())
    told = finish(priced, FINISH)
    assert told["cost"] == {"estimate": 3.0, "currency": "USD"} and told["nodeSeconds"] == 7200
    receipt = json.loads(to.store.read_bytes(WORK, NAMES.receipt))
    assert receipt["batches"] == [
        {
            "index": 0,
            "firstSegment": 0,
            "startFrame": 0,
            "endFrame": 4,
            "frames": 4,
            "attempt": 1,
            "runId": run,
            "waitSeconds": 2.0,
            "runSeconds": 8.0,
            "framesPerSecond": 0.5,
        }
    ]
    assert [blob.name for blob in to.store.list(WORK, ENDED)], "the upkeep knows when it ended"
    left = {blob.name for blob in to.store.list(WORK, NAMES.prefix)}
    assert left == {NAMES.receipt, NAMES.cancel}
