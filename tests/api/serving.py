"""The product's app served by the embedded host in a thread of this process, with a function key."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from activities.services import services
from reelbrush.host import Host
from reelbrush.store import FolderStore
from tests.conftest import ROOT

KEY = "a-key-of-tests"


@dataclass
class Served:
    """A running app: where it is, what it stores, and a client that has the key."""

    base: str
    store: FolderStore
    client: httpx.Client
    jobs: dict[str, str] = field(default_factory=dict[str, str])  # by the state they are in

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a request; `body` is sent as JSON, `headers` with '-' for '_'."""
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, content=content, headers=named)

    def job(self, job: str) -> dict[str, Any]:
        """Return the job, which there is."""
        answer = self.call("GET", f"/api/jobs/{job}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until(self, job: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """Return the job once it is in one of the states."""
        end = time.monotonic() + seconds
        while True:
            view = self.job(job)
            if view["status"] in states:
                return view
            assert time.monotonic() < end, view
            time.sleep(0.1)

    def upload(self, name: str, content: bytes, **wishes: Any) -> str:
        """Send a video the way a client does and return the id of its job."""
        body = {"name": name, "sizeBytes": len(content), "style": "identity", **wishes}
        place = self.call("POST", "/api/uploads", body).json()
        sent = self.client.request(
            place["method"], place["uploadUrl"], content=content, headers=place["headers"]
        )
        assert sent.status_code == 201, sent.text
        end = time.monotonic() + 60
        while not (found := self.client.get(place["jobsUrl"]).json()["value"]):
            assert time.monotonic() < end
            time.sleep(0.05)
        return found[0]["id"]


@contextmanager
def serving(folder: Path, *, keys: Sequence[str] = (KEY,), **settings: str) -> Iterator[Served]:
    """Serve the app over a folder store; `settings` are `REELBRUSH_*`."""
    store = FolderStore(folder / "store")
    (store.root / "input").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        values = {"STORE": store.uri, "POLL_SECONDS": "0.2", "NODES": "1", "DEFAULT_STYLE": "identity"}
        for name, value in {**values, **settings}.items():
            patch.setenv(f"REELBRUSH_{name}", value)
        patch.setenv("REELBRUSH_BLOB_SOURCE", "LogsAndContainerScan")
        services.cache_clear()
        host = Host(ROOT, folder / "host", store_root=store.root, poll_seconds=0.05, keys=keys)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(host.start(), loop).result(60)
        try:
            headers = {"x-functions-key": KEY}
            with httpx.Client(base_url=host.base_url, headers=headers, timeout=60) as client:
                yield Served(host.base_url, store, client)
        finally:
            asyncio.run_coroutine_threadsafe(host.stop(grace_seconds=10), loop).result(60)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(60)
            loop.close()
            services.cache_clear()
