"""Uploads that cannot become jobs are seen, whatever the reason."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from function_app.accept import TRIES, accept_upload
from function_app.api.jobs import retry
from function_app.api.messages import Reply, Request
from function_app.asked import check_size, job_of_request, plain_job
from function_app.start import Start
from reelbrush.errors import Refusal, StoreError
from reelbrush.job import BlobRef, WorkNames, starts_job
from reelbrush.job.names import INDEX, QUEUE, WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.app.test_upkeep import Scene, played
from tests.conftest import ROOT

SOURCE = BlobRef("input", "wave/clip.MP4", "e", 9)


class Shaky(FolderStore):
    """A folder that cannot be looked into for a while."""

    failures = 0
    error: Exception = StoreError("the store does not answer")

    def stat(self, container: str, name: str) -> BlobRef | None:
        if container == "input" and self.failures:
            self.failures -= 1
            raise self.error
        return super().stat(container, name)


async def accept(there: Scene, source: BlobRef = SOURCE, **settings: Any) -> Start:
    return await accept_upload(there.to.client, Settings(there.store.uri, **settings), there.store, source)


async def retried(there: Scene, job: str) -> Reply:
    return await retry(
        there.to, Request("POST", f"http://localhost/api/jobs/{job}/retry", params={"id": job})
    )


def refusal(reply: Reply) -> str:
    assert reply.status == 409 and isinstance(reply.body, dict)
    return str(reply.body["detail"])


async def error_of(there: Scene, start: Start) -> dict[str, Any]:
    ended = await there.host.wait(start.job.id, timeout=60)
    assert ended.runtime_status == "Failed"
    return ended.custom_status["error"]


def test_an_upload_becomes_one_job_with_record_index_and_ticket(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 2}
        starts = [await accept(there) for _ in range(2)]
        assert [start.started for start in starts] == [True, False]
        job = starts[0].job
        record = json.loads(there.store.read_bytes(WORK, WorkNames(job.id).record))
        assert record["job"]["style"] == "wave" and record["createdAt"] and record["traceparent"]
        assert len(there.left(INDEX)) == len(there.left(QUEUE)) == 1
        await there.to.client.terminate(job.id, "test")

    played(body, tmp_path)


def test_an_upload_told_many_times_at_once_becomes_one_job(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        splits: list[Any] = []
        usual = there.script["split_video"]
        there.script["split_video"] = lambda payload: (splits.append(payload), usual(payload))[1]
        there.script["admit_job"] = lambda _: {"ahead": 1}
        starts = await asyncio.gather(*(accept(there, poll_seconds=0.1) for _ in range(8)))
        there.script["admit_job"] = lambda _: {"ahead": 0}
        assert [start.started for start in starts].count(True) == 1
        assert (await there.host.wait(starts[0].job.id, timeout=60)).runtime_status == "Completed"
        assert len(there.left(INDEX)) == len(there.left(QUEUE)) == len(splits) == 1
        assert not (await accept(there)).started, "told again after its end"

    played(body, tmp_path)


def test_a_clock_that_was_set_back_lets_nobody_overtake(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 2}
        later = round((datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000)
        there.store.put_bytes(WORK, f"{QUEUE}{later}-a-0123456789", b"")
        for name in ("b.mp4", "a.mp4"):
            start = await accept(there, BlobRef("input", name, "e", 9))
            await there.to.client.terminate(start.job.id, "test")
        jobs = [name.rsplit("-", 1)[0][-1] for name in there.left(QUEUE)]
        assert jobs == ["a", "b", "a"], there.left(QUEUE)

    played(body, tmp_path)


def test_a_foreign_ticket_of_any_time_moves_nobody(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 2}
        there.store.put_bytes(WORK, f"{QUEUE}9999999999999-x", b"")
        start = await accept(there)
        await there.to.client.terminate(start.job.id, "test")
        record = json.loads(there.store.read_bytes(WORK, WorkNames(start.job.id).record))
        assert abs(datetime.fromisoformat(record["createdAt"]) - datetime.now(UTC)) < timedelta(hours=1)
        assert start.job.id in there.left(QUEUE)[0]

    played(body, tmp_path)


def test_a_file_that_is_too_large_is_a_failed_job(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        await accept(there, max_bytes=9)
        start = await accept(there, BlobRef("input", "b.mp4", "e", 10), max_bytes=9)
        error = await error_of(there, start)
        assert error["code"] == "too-large" and "10 bytes" in error["message"]
        assert (await retried(there, start.job.id)).status == 202, "the limit is higher by now"

    played(body, tmp_path)


def test_a_side_car_of_nonsense_is_a_failed_job(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        there.store.put_bytes("input", f"{SOURCE.name}.json", b"[1]")
        start = await accept(there)
        assert (await error_of(there, start))["code"] == "side-car"
        assert "an object is expected" in refusal(await retried(there, start.job.id))
        there.store.put_bytes("input", f"{SOURCE.name}.json", b'{"style": "sea"}')
        assert f"input/{SOURCE.name}" in refusal(await retried(there, start.job.id))
        there.store.delete("input", f"{SOURCE.name}.json")
        assert (await retried(there, start.job.id)).status == 202
        assert (await there.host.wait(start.job.id, timeout=60)).runtime_status == "Completed"

    played(body, tmp_path)


@pytest.mark.parametrize("error", [StoreError("the store does not answer"), OSError("disk gone")])
def test_the_last_try_is_a_failed_job_instead_of_a_poison_message(error: Exception, tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        shaky = Shaky(there.store.root)
        shaky.failures, shaky.error = 99, error
        settings = Settings(shaky.uri)
        for _ in range(TRIES - 1):
            with pytest.raises(type(error)):
                await accept_upload(there.to.client, settings, shaky, SOURCE)
        start = await accept_upload(there.to.client, settings, shaky, SOURCE)
        assert start.job == plain_job(settings, SOURCE)
        assert str(error) in (await error_of(there, start))["message"]
        assert there.left(".tries/") == []
        assert (await retried(there, start.job.id)).status == 202, "the store is back"
        assert (await there.host.wait(start.job.id, timeout=60)).runtime_status == "Completed"

    played(body, tmp_path)


def test_a_store_that_comes_back_leaves_no_trace(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        shaky = Shaky(there.store.root)
        shaky.failures = 2
        for _ in range(2):
            with pytest.raises(StoreError):
                await accept_upload(there.to.client, Settings(shaky.uri), shaky, SOURCE)
        settings = Settings(shaky.uri, poll_seconds=0.1)
        start = await accept_upload(there.to.client, settings, shaky, SOURCE)
        assert start.started and there.left(".tries/") == []
        assert (await there.host.wait(start.job.id, timeout=60)).runtime_status == "Completed"

    played(body, tmp_path)


def test_a_request_that_cannot_be_served_is_no_job(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    settings = Settings(store.uri, max_bytes=9)
    for style, options in (("s" * 65, {}), ("wave", {"crf": 99})):
        with pytest.raises(Refusal):
            job_of_request(store, settings, SOURCE, style, options)
    check_size(settings, SOURCE)
    with pytest.raises(Refusal, match="at most 9"):
        check_size(settings, BlobRef("input", "b.mp4", "e", 10))


def test_what_a_request_leaves_open_the_upload_says(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_bytes("input", f"{SOURCE.name}.json", b'{"style": "sea", "options": {"crf": 20}}')
    settings = Settings(store.uri)
    asked = job_of_request(store, settings, SOURCE, None, None)
    assert (asked.style, asked.options.crf) == ("sea", 20)
    asked = job_of_request(store, settings, SOURCE, "sun", None)
    assert (asked.style, asked.options.crf) == ("sun", 20)
    asked = job_of_request(store, settings, SOURCE, None, {"crf": 21})
    assert (asked.style, asked.options.crf) == ("sea", 21)


def test_the_trigger_gives_up_when_its_host_does() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    assert host["extensions"]["blobs"]["poisonBlobThreshold"] == TRIES


@pytest.mark.parametrize("name", ["a.MP4", "Wave/B.MoV", "noextension", "sub/x.mkv"])
def test_every_name_starts_a_job(name: str) -> None:
    assert starts_job(name)


@pytest.mark.parametrize(
    "name",
    ["a.mp4.json", "A.MP4.JSON", "a.mp4.PART", "x/.hidden.mp4", "~a.mp4", "a.mp4.crDownload", "a.TMP", "x/"],
)
def test_but_those_of_side_cars_and_partial_files(name: str) -> None:
    assert not starts_job(name)
