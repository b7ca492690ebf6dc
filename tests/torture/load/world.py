"""The product's app in the embedded host, in the test's own event loop, over a folder store."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx2 as httpx
import pytest

import activities.services
from activities.services import services
from reelbrush.host import Host
from reelbrush.host.clock import Clock
from reelbrush.job import Options, job_id
from reelbrush.job.names import INDEX, INPUT, OUTPUT, WORK
from reelbrush.store import FolderStore
from tests.conftest import ROOT
from tests.media import ffmpeg
from tests.torture.load.scorer import ScorerHere

WRITTEN_SECONDS_AGO = 60  # by their time of change, files are whole


@dataclass
class World:
    """A running app: its host, what it stores, who scores, and a client of its API."""

    host: Host
    store: FolderStore
    compute: Any
    client: httpx.AsyncClient

    def upload(self, name: str, content: bytes) -> str:
        """Put a video into the watched folder and return the id of its job."""
        path = self.store.path(INPUT, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden = path.with_name(f".{path.name}")
        hidden.write_bytes(content)
        at = time.time_ns() - WRITTEN_SECONDS_AGO * 10**9
        os.utime(hidden, ns=(at, at))
        hidden.rename(path)
        blob = self.store.stat(INPUT, name)
        assert blob is not None
        return job_id(blob, "identity", Options())

    async def view(self, job: str) -> dict[str, Any] | None:
        """Return the job's document, None while there is none."""
        answer = await self.client.get(f"/api/jobs/{job}")
        return answer.json() if answer.status_code == 200 else None

    def known(self) -> list[str]:
        """Ids of all jobs that were asked for, the newest first."""
        return [blob.name.partition("-")[2] for blob in self.store.list(WORK, INDEX)]

    def receipt(self, job: str) -> dict[str, Any]:
        """Return the receipt of a job that finished."""
        return json.loads(self.store.read_bytes(WORK, f"{job}/receipt.json"))

    def outputs(self) -> list[str]:
        """Ids of jobs with an output, once for each blob."""
        return [blob.name.partition("/")[0] for blob in self.store.list(OUTPUT)]


@asynccontextmanager
async def served(
    folder: Path,
    *,
    clock: Clock | None = None,
    compute: Callable[[FolderStore], Any] = ScorerHere,
    look_seconds: float = 0.05,
    **settings: str,
) -> AsyncGenerator[World]:
    """Run the app; `settings` are `REELBRUSH_*`. What is in `folder` from before is gone on with.

    `look_seconds` pass between two looks at the watched folder.
    """
    store = FolderStore(folder / "store")
    (store.root / INPUT).mkdir(parents=True, exist_ok=True)
    backend = compute(store)
    before = sys.modules.get("function_app")
    with pytest.MonkeyPatch.context() as patch:
        values = {"STORE": store.uri, "POLL_SECONDS": "0.2", "NODES": "1", "DEFAULT_STYLE": "identity"}
        for name, value in {**values, "BLOB_SOURCE": "LogsAndContainerScan", **settings}.items():
            patch.setenv(f"REELBRUSH_{name}", value)
        patch.setattr(activities.services, "open_compute", Mock(return_value=backend))
        services.cache_clear()
        host = Host(ROOT, folder / "host", store_root=store.root, poll_seconds=look_seconds, clock=clock)
        try:
            async with host, httpx.AsyncClient(base_url=host.base_url, timeout=120) as client:
                yield World(host, store, backend, client)
        finally:
            await asyncio.to_thread(backend.close)
            services.cache_clear()
            if before is not None:
                sys.modules["function_app"] = before


def tiny_film(folder: Path, frames: int = 4) -> bytes:
    """Return a film of a few frames, 32x32, no sound."""
    path = folder / "tiny.mp4"
    source = f"testsrc2=size=32x32:rate=25:duration={frames / 25}"
    ffmpeg("-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", str(path))
    return path.read_bytes()
