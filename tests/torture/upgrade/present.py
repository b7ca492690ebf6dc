"""The present release: its orchestrator and steps in the embedded host, over what an earlier one left."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import pytest

import activities.services
from activities.services import services
from function_app.job_view import job_view
from function_app.start import start_job
from reelbrush.compute import Finding, RunRequest, RunStatus, Waiting
from reelbrush.host import Host, InstanceStatus
from reelbrush.host.clock import ManualClock
from reelbrush.job import BatchState, Job, from_json
from reelbrush.settings import Settings
from reelbrush.store import FolderStore, Store
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.stop import StopRequest

APP = Path(__file__).parent / "app"


@dataclass
class NodesHere:
    """A cluster whose runs take place in the moment when somebody asks for them."""

    store: Store
    waiting_runs: set[str] = field(default_factory=set[str])
    ended: dict[str, RunStatus] = field(default_factory=dict[str, RunStatus])

    def submit(self, request: RunRequest) -> None:
        if request.run not in self.ended:
            self.waiting_runs.add(request.run)

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        for run in runs:
            if run in self.waiting_runs:
                self.waiting_runs.discard(run)
                settings = RunSettings(threads=1, providers="cpu")
                told = run_batch(self.store, job, run, settings, Rank(0, 1), StopRequest())
                self.ended[run] = RunStatus(run, told.state, told.error)
        return {run: self.ended[run] for run in runs if run in self.ended}

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        for run in self.waiting_runs:
            self.ended[run] = RunStatus(run, BatchState.CANCELED)
        self.waiting_runs.clear()

    def stop(self, job: str, run: str) -> None: ...

    def release(self, job: str) -> None: ...

    def log_tail(self, run: str, lines: int = 20) -> str:
        return ""

    def waiting(self) -> Waiting:
        return Waiting(busy=True)

    def preflight(self) -> list[Finding]:
        return []


@dataclass(frozen=True)
class Present:
    """The running app."""

    host: Host
    store: FolderStore

    async def error(self, job: str) -> dict[str, Any]:
        """Return the error of a failed job as users see it."""
        return dict(job_view(await self._client().get_status(job)).get("error", {}))

    def _client(self) -> Any:
        import azure.durable_functions as df

        from reelbrush.host.rpc import client_binding

        return df.DurableOrchestrationClient(client_binding(self.host.base_url))

    async def retry(self, status: InstanceStatus) -> InstanceStatus:
        """Start a job again, as the API does, and return how it ended."""
        job = from_json(Job, status.input["job"])
        number = int(status.input.get("retry", 0)) + 1
        start = await start_job(self._client(), job, Settings(self.store.uri), self.store, retry=number)
        assert start.started
        return await self.host.wait(job.id, timeout=150)


@asynccontextmanager
async def present(
    store: FolderStore, hub: Path, at: datetime, monkeypatch: pytest.MonkeyPatch, nodes: NodesHere
) -> AsyncIterator[Present]:
    """Serve the folder `hub` from the moment `at` on, by a clock that jumps, with `nodes` for the cluster."""
    monkeypatch.setenv("REELBRUSH_STORE", store.uri)
    monkeypatch.setattr(activities.services, "open_compute", lambda _: nodes)
    services.cache_clear()
    others = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] == "function_app"
    }
    try:
        async with Host(APP, hub, store_root=None, clock=ManualClock(at)) as host:
            yield Present(host, store)
    finally:
        services.cache_clear()
        sys.modules.update(others)


def played(body: Any) -> Any:
    """Run a coroutine on a loop of its own."""
    return asyncio.run(body)


def picture_of(data: bytes, folder: Path) -> str:
    """Return a hash of a video's packets: bytes, times and key frames, of all tracks."""
    path = folder / "seen.mp4"
    path.write_bytes(data)
    seen = hashlib.sha256()
    with av.open(str(path)) as film:
        for packet in film.demux():
            if packet.size:
                seen.update(repr((packet.stream.index, packet.pts, packet.dts, packet.is_keyframe)).encode())
                seen.update(bytes(packet))
    return seen.hexdigest()
