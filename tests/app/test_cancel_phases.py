"""Canceling by the API's handler ends a job in whatever phase it is, and a retry takes it up again."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from function_app.api.jobs import cancel, retry
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused
from reelbrush.job import WorkNames
from reelbrush.job.names import QUEUE, WORK
from tests.app.test_upkeep import JOB, Scene, played

PHASES = {
    "queued": "admit_job",
    "splitting": "split_video",
    "scoring": "poll_runs",
    "stitching": "stitch_video",
}


def request(verb: str) -> Request:
    path = f"/api/jobs/{JOB.id}/{verb}"
    return Request("POST", f"http://localhost{path}", {}, {}, {"id": JOB.id}, b"")


async def call(there: Scene, verb: str) -> Reply:
    try:
        return await {"cancel": cancel, "retry": retry}[verb](there.to, request(verb))
    except Refused as refused:
        return refused.reply


async def ended(there: Scene, state: str) -> None:
    status = await there.host.wait(JOB.id, timeout=60)
    assert status.runtime_status == state


@pytest.mark.parametrize("phase", PHASES)
def test_a_job_is_canceled_in_every_phase_and_retried(phase: str, tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        usual, release = there.script[PHASES[phase]], threading.Event()

        def held(payload: Any) -> Any:
            if phase == "queued":
                return {"ahead": 2}
            if phase == "scoring":
                return [{"i": i, "s": "running", "n": 1} for i, _ in payload["runs"]]
            release.wait(60)
            return usual(payload)

        there.script[PHASES[phase]] = held
        await there.start()
        await there.until(phase)
        assert [(await call(there, "cancel")).status for _ in range(2)] == [202, 202]
        async with asyncio.timeout(5):
            await ended(there, "Terminated")
        assert (await call(there, "cancel")).status == 202 and there.left(QUEUE) == []
        release.set()
        there.script[PHASES[phase]] = usual
        assert (await call(there, "retry")).status == 202
        await ended(there, "Completed")
        assert (await call(there, "cancel")).status == 409
        assert (await call(there, "retry")).status == 409
        await ended(there, "Completed")

    played(body, tmp_path)


def test_what_earlier_tries_cost_counts(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["poll_runs"] = lambda payload: [
            {"i": i, "s": "failed", "n": 0, "t": 50, "final": 1, "text": "no"} for i, _ in payload["runs"]
        ]
        await there.start()
        await ended(there, "Failed")
        for spent in (200, 300):
            assert (await call(there, "retry")).status == 202
            await ended(there, "Failed")
            status = await there.host.status(JOB.id)
            assert status is not None and status.custom_status["nodeSeconds"] == spent
        there.script["admit_job"] = lambda _: {"ahead": 2}
        assert (await call(there, "retry")).status == 202
        await there.until("queued")
        assert (await call(there, "cancel")).status == 202
        await ended(there, "Terminated")
        assert (await call(there, "retry")).status == 202
        status = await there.host.status(JOB.id)
        assert status is not None and status.input["nodeSeconds"] == 300
        await there.until("queued")
        assert (await call(there, "cancel")).status == 202

    played(body, tmp_path)


def test_what_a_try_cost_counts_though_it_was_canceled_while_it_split_again(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        usual, again, release = there.script["split_video"], threading.Event(), threading.Event()

        def split(payload: Any) -> Any:
            if payload["careful"]:
                again.set()
                release.wait(60)
            return usual(payload)

        there.script["split_video"] = split
        there.script["poll_runs"] = lambda payload: [
            {"i": i, "s": "failed", "n": 0, "t": 50, "final": 1, "code": "source-damaged", "text": "no"}
            for i, _ in payload["runs"]
        ]
        await there.start()
        assert await asyncio.to_thread(again.wait, 30)
        assert (await call(there, "cancel")).status == 202
        await ended(there, "Terminated")
        release.set()
        assert (await call(there, "retry")).status == 202
        status = await there.host.status(JOB.id)
        assert status is not None and status.input["nodeSeconds"] == 100

    played(body, tmp_path)


def test_a_failed_job_is_retried_with_new_runs(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        submitted: list[str] = []
        usual = there.script["stitch_video"]
        there.script["submit_run"] = lambda payload: (submitted.append(payload["run"]), payload["run"])[1]
        there.script["stitch_video"] = lambda _: {"error": {"code": "x", "message": "no"}}
        await there.start()
        await ended(there, "Failed")
        assert (await call(there, "cancel")).status == 409
        there.script["stitch_video"] = usual
        assert (await call(there, "retry")).status == 202
        await ended(there, "Completed")
        assert len(submitted) == len(set(submitted)) == 4
        assert sorted(run.rsplit("-", 1)[1] for run in submitted) == ["a1", "a1", "a1001", "a1001"]

    played(body, tmp_path)


def test_two_requests_to_retry_at_once_are_one_retry(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["split_video"] = lambda _: {"error": {"code": "x", "message": "no"}}
        await there.start()
        await ended(there, "Failed")
        there.script["admit_job"] = lambda _: {"ahead": 2}
        replies = await asyncio.gather(call(there, "retry"), call(there, "retry"))
        assert {reply.status for reply in replies} <= {202, 409}
        await there.until("queued")
        assert len(there.left(QUEUE)) <= 3  # of the first try too: its steps follow a script
        await there.keep_up(minutes=3)
        assert len(there.left(QUEUE)) == 1
        await call(there, "cancel")

    played(body, tmp_path)


def test_a_job_of_which_the_receipt_is_left_has_succeeded(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        assert [(await call(there, verb)).status for verb in ("cancel", "retry")] == [404, 404]
        there.store.put_bytes(WORK, WorkNames(JOB.id).receipt, b"{}")
        assert [(await call(there, verb)).status for verb in ("cancel", "retry")] == [409, 409]

    played(body, tmp_path)
