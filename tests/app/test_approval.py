"""A job that would cost more than it may: it waits until somebody agrees, or is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.test_serve import ended, serving, upload
from tests.media import ffmpeg


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames, 64x48, no sound."""
    path = tmp_path_factory.mktemp("film") / "clip.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1.2", "-pix_fmt", "yuv420p", str(path))
    return path


DEAR = {"MAX_COST": "0.001", "PRICE_PER_HOUR": "3600"}  # a second costs 1 USD


def reelbrush(base: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reelbrush", *arguments, "--url", base]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def test_a_dear_job_waits_for_approval_and_goes_on_by_it(tmp_path: Path, film: Path) -> None:
    with serving(tmp_path, **DEAR) as server:
        job = upload(tmp_path, "clip.mp4", film.read_bytes())
        view = server.until(job, lambda view: view["phase"] == "awaitingApproval")
        assert view["status"] == "Running" and "waiting for approval" in view["summary"]
        assert view["approval"]["limit"] == 0.001 and view["approval"]["likely"] > 0.001
        assert view["approval"]["reasons"] and view["links"]["approve"].endswith(f"/{job}/approve")
        told = reelbrush(server.base, "status", job)
        assert f"reelbrush approve {job}" in told.stdout and "waiting for approval" in told.stdout

        asked = reelbrush(server.base, "quote", str(film), "--style", "identity", "--json")
        assert asked.returncode == 0 and json.loads(asked.stdout)["cost"]["likely"] > 0.001, asked.stderr
        assert "cost" in reelbrush(server.base, "quote", str(film), "--style", "identity").stdout

        done = reelbrush(server.base, "approve", job)
        assert (done.returncode, done.stdout.strip()) == (0, job), done.stderr
        assert server.call(f"/api/jobs/{job}/approve", "POST")[0] == 202, "approved again it stays so"
        view = server.until(job, ended)
        assert view["status"] == "Succeeded", view
        assert "approval" not in view and "approve" not in view["links"]
        assert view["result"]["cost"]["currency"] == "USD"
        assert view["cost"]["quoted"]["high"] >= view["cost"]["quoted"]["low"]
        told = reelbrush(server.base, "status", job).stdout
        assert "; quoted " in told, told
        code, problem, _ = server.call(f"/api/jobs/{job}/approve", "POST")
        assert (code, problem["code"]) == (409, "NotAwaitingApproval")
        assert reelbrush(server.base, "approve", "clip-0123456789").returncode == 3


def test_a_job_that_waits_for_approval_can_be_canceled(tmp_path: Path, film: Path) -> None:
    with serving(tmp_path, **DEAR) as server:
        job = upload(tmp_path, "clip.mp4", film.read_bytes())
        server.until(job, lambda view: view["phase"] == "awaitingApproval")
        assert server.call(f"/api/jobs/{job}/cancel", "POST")[0] == 202
        view = server.until(job, ended)
        assert view["status"] == "Canceled" and "approve" not in view["links"]


def test_a_dear_job_is_refused_where_that_is_set(tmp_path: Path, film: Path) -> None:
    with serving(tmp_path, **DEAR, OVER_COST="refuse") as server:
        job = upload(tmp_path, "clip.mp4", film.read_bytes())
        view = server.until(job, ended)
        assert (view["status"], view["error"]["code"]) == ("Failed", "over-budget")
        assert "nodeSeconds" not in view.get("cost", {}) or view["cost"]["nodeSeconds"] == 0
        assert "approve" in view["links"]
        assert reelbrush(server.base, "approve", job, "--max-cost", "1000").returncode == 0
        assert reelbrush(server.base, "retry", job).returncode == 0
        assert server.until(job, lambda view: view["status"] == "Succeeded")
