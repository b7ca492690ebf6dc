"""The whole product over a storage account and the stand-in for Azure Machine Learning, all by identity."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from activities.services import services
from reelbrush.host import Host, InstanceStatus
from reelbrush.job import LedgerPage, Manifest, Options, WorkNames, job_id
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.store import BlobStore
from tests.azurite_account import Credential, azurite_with_identity
from tests.conftest import ROOT
from tests.fakes.azureml.fixture import azure_ml
from tests.fakes.azureml.stand_in import StandIn
from tests.media import ffmpeg

__all__ = ["azure_ml"]

SCORED = re.compile(r"\bsegment (\d+) frames ")


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """384 frames, 96x64, in eight segments, with sound and subtitles."""
    folder = tmp_path_factory.mktemp("film")
    words = folder / "words.srt"
    words.write_text("1\n00:00:01,000 --> 00:00:03,500\nA sail, a sail!\n")
    path = folder / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=24:duration=16",
        "-f", "lavfi", "-i", "sine=frequency=440:duration=16", "-i", str(words),
        "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "veryfast", "-g", "48",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng",
        str(path),
    )  # fmt: skip
    return path


@dataclass(frozen=True)
class Cloud:
    """An account, a workspace, and the app between them."""

    store: BlobStore
    azure_ml: StandIn
    data: Path

    def upload(self, film: Path, style: str, name: str = "film.mp4") -> str:
        """Put a video where uploads go and return the id of the job that it becomes."""
        uploader = BlobServiceClient(self.store.address, credential=Credential())
        container = uploader.get_container_client("input")
        if not container.exists():
            container.create_container()
        container.upload_blob(f"{style}/{name}", film.read_bytes())
        source = self.store.stat("input", f"{style}/{name}")
        assert source is not None
        return job_id(source, style, Options())

    def serve(self, scenario: Callable[[Host], Any]) -> Any:
        """Run the app in the embedded host while `scenario` lasts, and return what that returns."""

        async def serving() -> Any:
            connections = {"ReelbrushStorage": self.store.address}
            host = Host(ROOT, self.data, store_root=None, connections=connections, poll_seconds=0.1)
            async with host:
                result = await scenario(host)
                assert [str(finding) for finding in host.lint_findings] == []
                return result

        return asyncio.run(serving())

    def finish(self, job: str, seconds: float = 120) -> InstanceStatus:
        """Serve until the job has ended."""

        async def wait(host: Host) -> InstanceStatus:
            return await host.wait(job, timeout=seconds)

        return self.serve(wait)

    def segments(self, job: str) -> list[int]:
        """Return how many ledger pages each segment of the job has, in the order of the segments."""
        names = WorkNames(job)
        manifest = read_document(Manifest, self.store.read_bytes(WORK, names.manifest))
        pages = Counter[int]()
        for blob in self.store.list(WORK, names.segments(manifest.generation)):
            if blob.name.endswith(".json"):
                pages[read_document(LedgerPage, self.store.read_bytes(WORK, blob.name)).segment] += 1
        assert set(pages) <= {segment.index for segment in manifest.segments}
        return [pages[segment.index] for segment in manifest.segments]

    def scored(self) -> Counter[int]:
        """Return how often each segment was scored, by the logs of all nodes."""
        texts = (text for run in self.azure_ml.runs() for text in self.azure_ml.logs(run.id).values())
        return Counter(int(number) for text in texts for number in SCORED.findall(text))

    def output(self, status: InstanceStatus) -> bytes:
        """Return the finished video."""
        assert status.runtime_status == "Completed", status.custom_status
        container, _, name = str(status.output["blob"]).partition("/")
        return self.store.read_bytes(container, name)


@pytest.fixture
def account_log() -> Path | None:
    """Where the account writes every request to; a module that wants to know has its own."""
    return None


@pytest.fixture
def cloud(
    azure_ml: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account_log: Path | None
) -> Iterator[Cloud]:
    """A cloud of its own for a test; which backend is used, the test sets."""
    with azurite_with_identity(tmp_path / "azurite", account_log) as url:
        certificate = tmp_path / "azurite" / "cert.pem"
        azure_ml.trust(certificate)
        azure_ml.node_environment.update(REQUESTS_CA_BUNDLE=str(certificate))
        azure_ml.visit(monkeypatch)
        settings = {
            "STORE": url,
            "WORKSPACE": azure_ml.workspace_id,
            "BLOB_SOURCE": "LogsAndContainerScan",
            "POLL_SECONDS": "0.3",
            "NODES": "3",
            "BATCH_FRAMES": "192",
            "DEFAULT_STYLE": "identity",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"REELBRUSH_{name}", value)
        services.cache_clear()
        yield Cloud(BlobStore(url), azure_ml, tmp_path / "host")
        services.cache_clear()


def sha256(data: bytes) -> str:
    """Return the hex sha256."""
    return hashlib.sha256(data).hexdigest()
