"""The whole way on a real storage account: trigger, split by ranges, scoring processes, output blob."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import pytest
from azure.storage.blob import BlobServiceClient

from activities.services import services
from reelbrush.host import Host, InstanceStatus
from reelbrush.job import Options, job_id
from reelbrush.store import BlobStore
from tests.conftest import ROOT


@pytest.fixture
def store(account: str, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    monkeypatch.setenv("ReelbrushStorage", account)
    monkeypatch.setenv("REELBRUSH_STORE", "env:ReelbrushStorage")
    monkeypatch.setenv("REELBRUSH_BLOB_SOURCE", "LogsAndContainerScan")
    monkeypatch.setenv("REELBRUSH_POLL_SECONDS", "0.2")
    monkeypatch.setenv("REELBRUSH_WORK_HOURS", "0")
    services.cache_clear()
    return BlobStore("env:ReelbrushStorage")


@pytest.mark.slow
def test_a_blob_becomes_a_blob(store: BlobStore, account: str, clip: Path, tmp_path: Path) -> None:
    uploader = BlobServiceClient.from_connection_string(account)
    uploader.create_container("input").upload_blob("identity/clip.mp4", clip.read_bytes())
    blob = store.stat("input", "identity/clip.mp4")
    assert blob is not None
    job = job_id(blob, "identity", Options())

    async def scenario() -> tuple[InstanceStatus, list[str]]:
        connections = {"ReelbrushStorage": account}
        host = Host(ROOT, tmp_path / "host", store_root=None, connections=connections, poll_seconds=0.1)
        async with host:
            status = await host.wait(job, timeout=90)
            return status, [str(finding) for finding in host.lint_findings]

    status, findings = asyncio.run(scenario())
    assert status.runtime_status == "Completed", status.custom_status
    assert findings == []
    container, _, name = str(status.output["blob"]).partition("/")
    with store.open(container, name) as reader, av.open(reader) as made:
        assert sum(1 for _ in made.decode(video=0)) == 180
    left = {blob.name for blob in store.list("work", f"{job}/")}
    assert f"{job}/receipt.json" in left and not any("/segments/" in name for name in left), left
