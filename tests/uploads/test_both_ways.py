"""Uploads told by queue and by webhook, on the product's app: Azurite, embedded host, whole jobs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from activities.services import services
from function_app.accept import TRIES
from reelbrush.cli.local_app import local_host
from reelbrush.host import Host
from reelbrush.job import BlobRef, Options, job_id
from reelbrush.store import FolderStore
from tests.app.test_serve import serving
from tests.azurite_queues import azurite_with_queues
from tests.conftest import ROOT
from tests.media import ffmpeg
from tests.uploads.events import cloud_event, grid_event, in_base64

QUEUE = "video-uploaded"
NAME = "identity/ein Film #1, 50% + ü.mp4"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """10 frames, 64x48, no sound."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=0.4", "-pix_fmt", "yuv420p", str(path))
    return path.read_bytes()


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite_with_queues(tmp_path_factory.mktemp("azurite")) as connection:
        for container in ("input", "output"):
            BlobServiceClient.from_connection_string(connection).create_container(container)
        yield connection


@pytest.fixture
def queue(azurite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueClient]:
    """The queue of uploads, empty; the environment names it."""
    monkeypatch.setenv("REELBRUSH_UPLOADS_QUEUE", QUEUE)
    monkeypatch.setenv("AzureWebJobsStorage", azurite)
    client = QueueClient.from_connection_string(azurite, QUEUE)
    client.create_queue()
    yield client
    client.delete_queue()


@pytest.fixture(autouse=True)
def own_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Import the app anew, since its functions depend on the environment, and restore the import system."""
    path, names = sys.path[:], [name for name in sys.modules if name.split(".")[0] == "function_app"]
    before = {name: sys.modules.pop(name) for name in names}
    for name, value in {"POLL_SECONDS": "0.2", "DEFAULT_STYLE": "identity", "NODES": "1"}.items():
        monkeypatch.setenv(f"REELBRUSH_{name}", value)
    services.cache_clear()
    yield
    services.cache_clear()
    sys.path[:] = path
    for name in [name for name in sys.modules if name.split(".")[0] == "function_app"]:
        del sys.modules[name]
    sys.modules.update(before)


def put(connection: str, name: str, content: bytes, container: str = "input") -> BlobRef:
    """Upload a blob with the SDK."""
    blob = BlobServiceClient.from_connection_string(connection).get_blob_client(container, name)
    blob.upload_blob(content, overwrite=True)
    properties = blob.get_blob_properties()
    return BlobRef(container, name, str(properties.etag).strip('"'), int(properties.size))


def told(blob: BlobRef, **options: Any) -> dict[str, Any]:
    return cloud_event(blob.name, etag=blob.etag, **options)


def test_events_in_a_queue_become_one_job(
    azurite: str, queue: QueueClient, film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNT", azurite)
    monkeypatch.setenv("REELBRUSH_STORE", "env:ACCOUNT")
    sidecar = put(azurite, f"{NAME}.json", b"{}")
    blob = BlobRef("", "", "", 0)

    def arrive() -> None:
        nonlocal blob
        blob = put(azurite, NAME, film)
        other = put(azurite, "other.mp4", film)
        put(azurite, other.name, film, "output")
        for message in (
            in_base64(told(other, account="another")),
            in_base64(told(other, container="output")),
            in_base64(told(other) | {"type": "Microsoft.Storage.BlobDeleted"}),
            in_base64([told(sidecar), cloud_event("gone.mp4")]),
            in_base64(told(blob)),
            json.dumps([grid_event(blob.name, etag=blob.etag)]),
            "no event",
        ):
            queue.send_message(message)

    async def scenario() -> None:
        connections = {"ReelbrushStorage": azurite}
        async with Host(ROOT, tmp_path, store_root=None, connections=connections, poll_seconds=3600) as host:
            # the first scan is over and no second one comes: the queue alone tells of the blob
            await host.wait_for_blob("input", sidecar.name, timeout=60)
            await asyncio.to_thread(arrive)
            ended = await host.wait(job_id(blob, "identity", Options()), timeout=60)
            assert ended.runtime_status == "Completed", ended.custom_status
            async with asyncio.timeout(30):
                while count(queue) > 1:
                    await asyncio.sleep(0.05)
            assert len(await host.instances()) == 1

    asyncio.run(scenario())
    assert count(queue) == 1, "what cannot be read waits for its next try"
    queues = QueueServiceClient.from_connection_string(azurite).list_queues()
    assert [found.name for found in queues] == [QUEUE], "nothing is poison yet"


def count(queue: QueueClient) -> int:
    return int(queue.get_queue_properties().approximate_message_count or 0)


def test_a_webhook_and_an_event_in_the_queue_are_one_job(
    azurite: str, queue: QueueClient, film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AzureWebJobsStorage")  # the account of the store, then
    monkeypatch.setenv("SOME_ACCOUNT", azurite)
    with serving(tmp_path, "--store", "env:SOME_ACCOUNT") as server:
        blob = put(azurite, "b.mp4", film)
        url = f"{azurite.partition('BlobEndpoint=')[2].partition(';')[0]}/input/{quote(blob.name)}"
        hook = f"{server.base}/runtime/webhooks/blobs?functionName=Host.Functions.start_on_upload"
        for _ in range(2):
            queue.send_message(in_base64(told(blob, url=url)))
            body = json.dumps([grid_event(blob.name, etag=blob.etag, url=url)]).encode()
            request = urllib.request.Request(hook, body, {"aeg-event-type": "Notification"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.status == 202
        view = server.until(job_id(blob, "identity", Options()), lambda view: "endedAt" in view)
        assert view["status"] == "Succeeded"
        end = time.monotonic() + 30
        while count(queue):
            assert time.monotonic() < end
            time.sleep(0.05)
        jobs = server.call("/api/jobs")[1]["value"]
        assert [job["id"] for job in jobs if job["input"]["blob"] == "input/b.mp4"] == [view["id"]]


def test_who_works_on_a_folder_takes_no_events_from_the_queue_of_an_account(
    azurite: str, queue: QueueClient, tmp_path: Path
) -> None:
    queue.send_message(in_base64(cloud_event("of-others.mp4")))

    async def scenario() -> None:
        async with local_host(FolderStore(tmp_path / "store"), tmp_path / "data", workers=1) as host:
            assert "start_on_upload" in host.functions
            assert "start_on_queued_upload" not in host.functions

    asyncio.run(scenario())
    assert [message.dequeue_count for message in queue.receive_messages()] == [1]


def test_the_last_try_of_an_upload_is_the_last_of_its_message() -> None:
    queues = json.loads((ROOT / "host.json").read_text())["extensions"]["queues"]
    assert queues["maxDequeueCount"] == TRIES
    assert queues["messageEncoding"] == "none", "read_message takes base64 and text"
