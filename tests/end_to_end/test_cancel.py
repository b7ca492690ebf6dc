"""Cancel and retry of real jobs: what was published is kept, nothing goes on, nothing is done twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.app.test_serve import Server, serving, upload


def pages(folder: Path, job: str) -> dict[str, str]:
    """Return which run published each segment."""
    found = (folder / "work" / job).glob("*/segments/*.json")
    return {path.stem: json.loads(path.read_text())["run"] for path in found}


def until(check: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


def scoring(folder: Path) -> int:
    """Return how many processes score for this store."""
    found = 0
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        found += "scoring" in command and f"folder:{folder}" in command
    return found


def state(server: Server, job: str) -> str:
    return server.call(f"/api/jobs/{job}")[1]["status"]


@pytest.mark.slow
def test_cancel_and_retry(
    tmp_path: Path, long_clip: Path, slow_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    settings = {"STYLES": str(slow_style), "MAX_JOBS": "1", "WORK_HOURS": "24"}
    for name, value in settings.items():
        monkeypatch.setenv(f"REELBRUSH_{name}", value)
    with serving(store) as server:
        first = upload(store, "slow/a.mp4", long_clip.read_bytes(), style="slow")
        server.until(first, lambda view: view["phase"] != "queued")
        second = upload(store, "slow/b.mp4", long_clip.read_bytes(), style="slow")
        server.until(second, lambda view: view["summary"] == "queued: 1 job ahead")

        code, _, headers = server.call(f"/api/jobs/{second}/cancel", "POST")
        assert code == 202 and headers["operation-location"].endswith(f"/api/jobs/{second}")
        server.until(second, lambda view: view["status"] == "Canceled", seconds=30)
        assert not (store / "work" / second / "manifest.json").exists()

        until(lambda: len(pages(store, first)) >= 3)
        assert server.call(f"/api/jobs/{first}/cancel", "POST")[0] == 202
        server.until(first, lambda view: view["status"] == "Canceled", seconds=30)
        until(lambda: scoring(store) == 0, seconds=60)
        kept = pages(store, first)
        assert len(kept) < 600 // 24, "the job was canceled in the middle"
        assert server.call(f"/api/jobs/{first}/cancel", "POST")[0] == 202, "twice is once"
        time.sleep(1)
        assert scoring(store) == 0 and pages(store, first) == kept and not (store / "output").exists()

        assert server.call(f"/api/jobs/{first}/retry", "POST")[0] == 202
        server.until(first, lambda view: view["status"] in ("Succeeded", "Failed"), seconds=150)
        assert state(server, first) == "Succeeded"
        code, problem, _ = server.call(f"/api/jobs/{first}/cancel", "POST")
        assert code == 409 and problem["code"], "a finished job stays finished"
        assert [path.name for path in (store / "output" / first).iterdir()] == ["a.mp4"]
        receipt = json.loads((store / "work" / first / "receipt.json").read_text())
        assert receipt["frames"] == 600 and receipt["nodeSeconds"] > 0
        new = sum(run.endswith("-a1001") for run in pages(store, first).values())
        assert {name: run for name, run in pages(store, first).items() if name in kept} == kept
        assert new == len(pages(store, first)) - len(kept) > 0, "only what was missing was scored"
        assert state(server, second) == "Canceled"
