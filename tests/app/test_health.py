"""What health tells of the cluster, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from activities.services import Services
from function_app.api import compute_health
from function_app.api.health import get_health
from function_app.api.messages import Reply, Request
from function_app.api.surface import Surface
from reelbrush.compute import Compute, Finding
from reelbrush.compute.azureml import AzureMLCompute
from reelbrush.errors import ComputeError
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.fakes.azureml.fixture import azure_ml
from tests.fakes.azureml.stand_in import StandIn

__all__ = ["azure_ml"]
REQUEST = Request(method="GET", url="http://app/api/health", headers={}, query={}, params={}, body=b"")
QUOTA = Finding("quota", "the quota of the subscription 1234 is 0", "ask for more")


class Preflight:
    """A backend of which nothing is asked but its preflight."""

    def __init__(self, tell: Callable[[], list[Finding]]) -> None:
        self._tell, self.asked, self._lock = tell, 0, threading.Lock()

    def preflight(self) -> list[Finding]:
        """Count, and tell."""
        with self._lock:
            self.asked += 1
        return self._tell()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Let no backend be remembered."""
    yield
    compute_health.compute_health.cache_clear()


def ask(folder: Path, backend: Any, times: int = 1) -> tuple[list[Reply], float]:
    """Ask for the health that often at once; return the answers and the seconds that all took."""
    services = Services(Settings("folder:x"), FolderStore(folder), cast("Compute", backend))

    async def together() -> tuple[list[Reply], float]:
        began = time.monotonic()
        to = Surface(cast("Any", None), services, datetime.now(UTC))
        replies = await asyncio.gather(*(get_health(to, REQUEST) for _ in range(times)))
        return list(replies), time.monotonic() - began

    return asyncio.run(together())


def told(folder: Path, backend: Any) -> dict[str, Any]:
    """Return what health tells of the cluster; the app itself is healthy."""
    (reply,), _ = ask(folder, backend)
    assert reply.status == 200 and isinstance(reply.body, dict) and reply.body["status"] == "healthy"
    return reply.body["compute"]


def test_all_is_well(tmp_path: Path) -> None:
    assert told(tmp_path, Preflight(list)) == {"status": "ok", "problems": []}


def test_problems_are_codes_and_nothing_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    backend = Preflight(lambda: [QUOTA, Finding("role", "x", "y"), QUOTA])
    assert told(tmp_path, backend) == {"status": "problems", "problems": ["quota", "role"]}
    assert "quota, role" in caplog.text


def test_a_service_that_does_not_answer_says_nothing_of_the_cluster(tmp_path: Path) -> None:
    backend = Preflight(lambda: [Finding("unavailable", "x", "y")])
    assert told(tmp_path, backend) == {"status": "unknown", "problems": ["unavailable"]}


@pytest.mark.parametrize("error", [ComputeError("no"), ValueError("a bug")])
def test_a_preflight_that_fails_fails_nothing_else(tmp_path: Path, error: Exception) -> None:
    def fail() -> list[Finding]:
        raise error

    assert told(tmp_path, Preflight(fail)) == {"status": "unknown", "problems": []}


def test_the_cluster_is_asked_once_in_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [QUOTA]
    backend = Preflight(lambda: list(findings))
    ask(tmp_path, backend, 50)
    assert told(tmp_path, backend)["problems"] == ["quota"]
    assert backend.asked == 1
    findings.clear()
    monkeypatch.setattr(compute_health, "EVERY", 0.2)
    time.sleep(0.25)
    told(tmp_path, backend)  # what was known, while it is asked anew
    end = time.monotonic() + 60
    while told(tmp_path, backend)["problems"]:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_cluster_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute_health, "PATIENCE", 0.3)
    monkeypatch.setattr(compute_health, "EVERY", 0.1)
    hanging = threading.Event()

    def hang() -> list[Finding]:
        hanging.wait(60)
        return []

    backend = Preflight(hang)
    try:
        replies, seconds = ask(tmp_path, backend, 20)
        assert seconds < 20
        assert {str(reply.body["compute"]) for reply in replies if isinstance(reply.body, dict)} == {
            "{'status': 'unknown', 'problems': []}"
        }
        time.sleep(0.2)
        _, seconds = ask(tmp_path, backend, 20)
        assert seconds < 20, "only the first may wait"
        assert backend.asked == 1, "nobody begins a second one beside one that hangs"
    finally:
        hanging.set()


def test_the_store_alone_decides_about_503(tmp_path: Path) -> None:
    class Gone(FolderStore):
        def stat(self, container: str, name: str) -> Any:
            raise OSError("gone")

    services = Services(Settings("folder:x"), Gone(tmp_path), cast("Compute", Preflight(list)))
    to = Surface(cast("Any", None), services, datetime.now(UTC))
    assert asyncio.run(get_health(to, REQUEST)).status == 503


def test_the_cluster_of_azure_is_looked_at_without_its_sdk(
    tmp_path: Path, azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure_ml.visit(monkeypatch)
    azure_ml.cluster("gpu-cluster").size = "Standard_NC6"
    settings = Settings(
        store="https://standinstore.blob.core.windows.net", backend="azureml", workspace=azure_ml.workspace_id
    )
    before = {name for name in sys.modules if name.startswith("azureml")}
    assert told(tmp_path, AzureMLCompute(settings)) == {"status": "problems", "problems": ["vm-retired"]}
    assert {name for name in sys.modules if name.startswith("azureml")} == before
