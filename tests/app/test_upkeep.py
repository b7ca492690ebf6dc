"""The upkeep on instances of the embedded host and blobs of a folder."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.cancel import cancel_job
from activities.marks import decide, is_canceled
from activities.services import Services
from function_app.api.jobs import cancel
from function_app.api.messages import Request
from function_app.api.surface import Surface
from function_app.start import start_job
from function_app.upkeep import keep_up, queue
from function_app.upkeep.instances import instance
from reelbrush.compute.local import LocalCompute
from reelbrush.errors import ComputeError
from reelbrush.host import Host
from reelbrush.job import BlobRef, Job, WorkNames
from reelbrush.job.names import CANCELING, ENDED, INDEX, LOOKED, QUEUE, SWEPT, WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.orchestrators.test_stylize import APP, PLAN, RESULT, World

JOB = Job("clip-0123456789", BlobRef("input", "clip.mp4", "e", 9), "wave")
NAMES = WorkNames(JOB.id)


@dataclass
class Scene:
    """A running host with the product's orchestrator over activities that follow `script`."""

    host: Host
    to: Surface
    script: dict[str, Callable[[Any], Any]]

    @property
    def store(self) -> FolderStore:
        store = self.to.services.store
        assert isinstance(store, FolderStore)
        return store

    async def start(self, retry: int = 0) -> None:
        services = self.to.services
        start = await start_job(self.to.client, JOB, services.settings, services.store, retry=retry)
        assert start.started

    async def until(self, phase: str) -> None:
        async with asyncio.timeout(60):
            while True:
                status = await self.host.status(JOB.id)
                if status and (status.custom_status or {}).get("phase") == phase:
                    return
                await asyncio.sleep(0.02)

    async def keep_up(self, **later: float) -> None:
        await keep_up(replace(self.to, now=datetime.now(UTC) + timedelta(**later)))

    async def state(self) -> str | None:
        status = await self.host.status(JOB.id)
        return status.runtime_status if status else None

    def left(self, folder: str) -> list[str]:
        return [blob.name for blob in self.store.list(WORK, folder)]


@asynccontextmanager
async def scene(folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    import azure.durable_functions as df

    from reelbrush.host.rpc import client_binding

    store = FolderStore(folder / "store")
    compute = LocalCompute(store.uri, folder / "runs", workers=1)
    services = Services(Settings(store.uri, poll_seconds=0.1, **settings), store, compute)
    async with Host(APP, folder / "data", store_root=None) as host:
        module: Any = sys.modules["function_app"]
        module.script.clear()
        module.script.update(World().script)
        client = df.DurableOrchestrationClient(client_binding(host.base_url))
        yield Scene(host, Surface(client, services, datetime.now(UTC)), module.script)


def played(body: Callable[[Scene], Awaitable[None]], folder: Path, **settings: Any) -> None:
    async def inside() -> None:
        async with scene(folder, **settings) as there:
            await body(there)

    app = sys.modules.get("function_app")
    try:
        asyncio.run(inside())
    finally:
        if app is not None:
            sys.modules["function_app"] = app


def test_a_cancellation_that_was_only_begun_is_completed(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 3}
        await there.start()
        await there.until("queued")
        assert cancel_job(there.to.services, JOB.id) and there.left(QUEUE) == []
        assert await there.state() == "Running"
        await there.keep_up()
        ended = await there.host.wait(JOB.id, timeout=60)
        assert ended.runtime_status == "Terminated"
        await there.keep_up()
        assert there.left(CANCELING) == [] and is_canceled(there.store, JOB.id)

    played(body, tmp_path)


def test_a_cancellation_that_was_only_decided_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die_after(store: Any, job: str, end: str) -> str:
        decide(store, job, end)
        raise OSError("the process dies")

    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 3}
        await there.start()
        await there.until("queued")
        with pytest.raises(OSError, match="dies"):
            cancel_job(there.to.services, JOB.id)
        await there.keep_up()
        ended = await there.host.wait(JOB.id, timeout=60)
        assert ended.runtime_status == "Terminated" and is_canceled(there.store, JOB.id)

    monkeypatch.setattr("activities.cancel.decide", die_after)
    played(body, tmp_path)


def test_a_cluster_that_cannot_be_asked_keeps_only_its_runs_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Any, ...]] = []

    def note(_store: object, _settings: object, *event: Any) -> None:
        told.append(event)

    monkeypatch.setattr("activities.cancel.tell", note)

    async def body(there: Scene) -> None:
        stopped: list[str] = []

        def cancel_runs(job: str, runs: Sequence[str] = ()) -> None:
            stopped.append(job)
            if len(stopped) < 4:
                raise ComputeError("the cluster does not answer")

        there.script["admit_job"] = lambda _: {"ahead": 3}
        await there.start()
        await there.until("queued")
        monkeypatch.setattr(there.to.services.compute, "cancel", cancel_runs)
        cancel_job(there.to.services, JOB.id)
        await there.keep_up()
        assert (await there.host.wait(JOB.id, timeout=60)).runtime_status == "Terminated"
        await there.keep_up()
        assert told == [(JOB.id, "cancelled", {}, 0)] and there.left(CANCELING) != []
        await there.keep_up()
        assert len(told) == 1 and len(stopped) == 4 and there.left(CANCELING) == []

    played(body, tmp_path)


@pytest.mark.parametrize("by_handler", [True, False])
def test_a_cancellation_is_told_once_whoever_completes_it(
    by_handler: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr("activities.cancel.tell", lambda _store, _settings, *event: told.append(event))

    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 3}
        await there.start()
        await there.until("queued")
        if by_handler:
            here = Request("POST", f"http://localhost/api/jobs/{JOB.id}/cancel", params={"id": JOB.id})
            assert (await cancel(there.to, here)).status == 202
        else:
            cancel_job(there.to.services, JOB.id)
            await there.to.client.terminate(JOB.id, "canceled")
        await there.host.wait(JOB.id, timeout=60)
        assert len(told) == by_handler
        for _ in range(2):
            await there.keep_up()
        assert told == [(JOB.id, "cancelled", {}, 0)] and there.left(CANCELING) == []

    played(body, tmp_path)


def test_a_job_that_was_retried_is_not_ended_by_its_old_cancellation(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 3}
        await there.start()
        await there.until("queued")
        cancel_job(there.to.services, JOB.id)
        await there.to.client.terminate(JOB.id, "canceled")
        await there.host.wait(JOB.id, timeout=60)
        await there.start(retry=1)
        await there.keep_up()
        assert there.left(CANCELING) == [] and not is_canceled(there.store, JOB.id)
        assert await there.state() in ("Running", "Pending") and len(there.left(QUEUE)) == 1

    played(body, tmp_path)


def test_tickets_of_jobs_that_ended_or_never_began_are_dropped_in_time(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        await there.start()  # its activities follow a script: nobody gives the ticket back
        await there.host.wait(JOB.id, timeout=60)
        never = f"{QUEUE}{round(datetime.now(UTC).timestamp() * 1000)}-never-0123456789"
        there.store.put_bytes(WORK, never, b"")
        await there.keep_up()
        assert len(there.left(QUEUE)) == 2, "their orchestrations may be starting"
        await there.keep_up(minutes=3)
        assert there.left(QUEUE) == [] and len(there.left(ENDED)) == 2

    played(body, tmp_path)


def test_runs_of_a_job_that_ended_without_stopping_them_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(there: Scene) -> None:
        asked: list[Any] = []

        def cancel_runs(job: str, runs: Sequence[str] = ()) -> None:
            asked.append((job, list(runs)))
            if len(asked) < 2:
                raise ComputeError("the cluster does not answer")

        await there.start()  # its activities follow a script: nobody gives the ticket back
        await there.host.wait(JOB.id, timeout=60)
        there.store.put_bytes(WORK, NAMES.batch("left"), b"{}")
        there.store.put_bytes(WORK, NAMES.batch("over"), b"{}")
        there.store.put_bytes(WORK, NAMES.result("over"), b"{}")
        monkeypatch.setattr(there.to.services.compute, "cancel", cancel_runs)
        await there.keep_up(minutes=3)
        assert len(there.left(QUEUE)) == 1, "the next round tries again"
        await there.keep_up(minutes=4)
        assert asked == [(JOB.id, ["left"])] * 2 and there.left(QUEUE) == []

    played(body, tmp_path)


def test_a_second_ticket_of_the_same_job_is_dropped(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 3}
        await there.start()
        await there.until("queued")
        (own,) = there.left(QUEUE)
        there.store.put_bytes(WORK, f"{QUEUE}1767225600000-{JOB.id}", b"")
        await there.keep_up()
        assert there.left(QUEUE) == [own]

    played(body, tmp_path)


def test_a_job_that_is_retried_in_this_moment_keeps_its_ticket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(there: Scene) -> None:
        there.script["split_video"] = lambda _: {"error": {"code": "x", "message": "no"}}
        await there.start()
        await there.host.wait(JOB.id, timeout=60)
        (old,) = there.left(QUEUE)

        async def retried_after_the_look(to: Surface, job: str) -> Any:
            status = await instance(to, job)
            there.script["admit_job"] = lambda _: {"ahead": 3}
            await there.start(retry=1)
            return status

        monkeypatch.setattr(queue, "instance", retried_after_the_look)
        await queue.tend_queue(replace(there.to, now=datetime.now(UTC) + timedelta(minutes=3)))
        (new,) = there.left(QUEUE)
        assert new > old and await there.state() in ("Running", "Pending")

    played(body, tmp_path)


def test_a_stuck_job_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body(there: Scene) -> None:
        there.script["poll_runs"] = lambda request: [
            {"i": i, "s": "running", "n": 10} for i, _ in request["runs"]
        ]
        await there.start()
        await there.until("scoring")
        with caplog.at_level(logging.WARNING, logger="reelbrush.upkeep"):
            await there.keep_up(minutes=50)
            assert caplog.messages == []
            await there.keep_up(minutes=70)
            await there.keep_up(minutes=80)
        assert len(caplog.messages) == 1 and "makes no progress (scoring)" in caplog.messages[0]
        assert json.loads(there.store.read_bytes(WORK, NAMES.stuck))["minutes"] >= 69
        await there.to.client.terminate(JOB.id, "test")

    played(body, tmp_path, stuck_minutes=60)


def test_waiting_for_a_node_is_reported_as_such(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body(there: Scene) -> None:
        there.script["poll_runs"] = lambda request: [
            {"i": i, "s": "queued", "n": 0} for i, _ in request["runs"]
        ]
        await there.start()
        await there.until("waitingForCompute")
        with caplog.at_level(logging.WARNING, logger="reelbrush.upkeep"):
            await there.keep_up(minutes=70)
        assert len(caplog.messages) == 1 and "waits for a node" in caplog.messages[0]
        await there.to.client.terminate(JOB.id, "test")

    played(body, tmp_path, stuck_minutes=60)


def test_a_job_that_waits_for_approval_is_never_stuck(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(there: Scene) -> None:
        there.script["plan_job"] = lambda _: {**PLAN, "guard": "approve"}
        there.script["await_approval"] = lambda _: {"approved": False}  # and the ticket is left
        await there.start()
        await there.until("awaitingApproval")
        with caplog.at_level(logging.WARNING, logger="reelbrush.upkeep"):
            await there.keep_up(minutes=7000)
        assert caplog.messages == []
        await there.to.client.terminate(JOB.id, "test")

    played(body, tmp_path, stuck_minutes=60)


def test_segments_go_first_and_the_rest_later(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        await there.start()
        await there.host.wait(JOB.id, timeout=60)
        for name in (NAMES.manifest, NAMES.segment("g", 0), NAMES.batch("r"), NAMES.receipt):
            there.store.put_bytes(WORK, name, b"{}")
        await there.keep_up(minutes=3)  # notes the end
        await there.keep_up(hours=23)
        assert NAMES.manifest in there.left(NAMES.prefix)
        await there.keep_up(hours=25)
        assert set(there.left(NAMES.prefix)) == {NAMES.receipt, NAMES.record}
        assert len(there.left(SWEPT)) == 1 and there.left(ENDED) == []
        assert await there.state() == "Completed" and len(there.left(INDEX)) == 1
        there.store.put_bytes(WORK, f".events-dead/{JOB.id}/0/finished.json", b"{}")
        there.store.put_bytes(WORK, f".events/{JOB.id}/0/failed.json", b"damaged")
        await there.keep_up(days=31)
        assert await there.state() is None
        assert there.left("") == [LOOKED], "of no job"

    played(body, tmp_path, work_hours=24, history_days=30)


def test_a_job_that_runs_again_keeps_its_work(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["stitch_video"] = lambda _: {"error": {"code": "x", "message": "no"}}
        await there.start()
        await there.host.wait(JOB.id, timeout=60)
        await there.keep_up(minutes=3)
        there.script["admit_job"] = lambda _: {"ahead": 3}
        there.store.put_bytes(WORK, NAMES.manifest, b"{}")
        await there.start(retry=1)
        await there.until("queued")
        await there.keep_up(days=2)
        assert there.left(ENDED) == [] and NAMES.manifest in there.left(NAMES.prefix)
        there.script["stitch_video"] = lambda _: RESULT
        there.script["admit_job"] = lambda _: {"ahead": 0}
        await there.host.wait(JOB.id, timeout=60)
        await there.keep_up(minutes=3)
        assert len(there.left(ENDED)) == 1, "counts from the second end"

    played(body, tmp_path, work_hours=24)


def test_instances_without_any_mark_are_purged_once_an_hour(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        await there.start()
        await there.host.wait(JOB.id, timeout=60)
        there.store.delete_prefix(WORK, "")
        for minute, state in ((1, "Completed"), (0, None)):
            now = (datetime.now(UTC) + timedelta(days=33)).replace(minute=minute)
            await keep_up(replace(there.to, now=now))
            assert await there.state() == state

    played(body, tmp_path, history_days=30)


@pytest.mark.parametrize("folder", [CANCELING, QUEUE, ENDED])
def test_what_fails_keeps_nothing_else_back(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(there: Scene) -> None:
        for job in ("a-0123456789", "b-0123456789"):
            there.store.put_bytes(
                WORK, folder + (job if folder == CANCELING else f"1767225600000-{job}"), b""
            )
        monkeypatch.setattr(there.to.client, "get_status", failing_for("a-", there.to.client.get_status))
        await there.keep_up()
        assert [name for name in there.left(folder) if "b-" in name] == []
        assert len(there.left(folder)) == 1 and any("a-0123456789 failed" in text for text in caplog.messages)

    def failing_for(begin: str, usual: Any) -> Any:
        async def get_status(job: str, *arguments: Any, **options: Any) -> Any:
            if job.startswith(begin):
                raise OSError("no answer")
            return await usual(job, *arguments, **options)

        return get_status

    played(body, tmp_path)


def test_a_duty_that_fails_keeps_no_other_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(to: Surface) -> None:
        raise OSError("no answer")

    async def body(there: Scene) -> None:
        there.store.put_bytes(WORK, f"{QUEUE}1767225600000-gone-0123456789", b"")
        monkeypatch.setitem(keep_up.__globals__, "DUTIES", (fails, queue.tend_queue))
        await there.keep_up()
        assert there.left(QUEUE) == []

    played(body, tmp_path)
