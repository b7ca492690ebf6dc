"""What whole jobs on the embedded host tell, compared with what docs/events.md promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.events.receivers import receiving

ALWAYS = {"job", "retry"}


def documented() -> dict[str, set[str]]:
    """Type -> the fields of `data` that its row names, those of objects within included."""
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(reelbrush\.job\.[a-z]+)` \| .*? \| (.*) \|$", text, re.MULTILINE)
    return {kind: set(re.findall(r"`([A-Za-z0-9]+)`", fields)) for kind, fields in rows}


def told(source: Path, folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """Run the command on `source`; return its exit code and its events in order of time."""
    with receiving() as receiver:
        done = subprocess.run(
            [sys.executable, "-m", "reelbrush", "run", str(source), "-o", "out.mp4", "--style", "identity"],
            cwd=folder,
            env={
                **os.environ,
                "REELBRUSH_POLL_SECONDS": "0.2",
                "REELBRUSH_WEBHOOK_URL": receiver.url,
                "REELBRUSH_WEBHOOK_SECRET": "a secret",
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        events = [json.loads(body) for _, _, body in receiver.calls]
    return done.returncode, sorted(events, key=lambda event: event["time"])


def fields(data: dict[str, Any]) -> set[str]:
    inner = [value for name, value in data.items() if name in ("result", "error")]
    return set(data).union(*inner)


@pytest.mark.slow
def test_a_finished_job_tells_what_is_documented(clip: Path, tmp_path: Path) -> None:
    code, events = told(clip, tmp_path)
    assert code == 0
    assert [event["type"] for event in events] == ["reelbrush.job.started", "reelbrush.job.finished"]
    for event in events:
        assert fields(event["data"]) - ALWAYS <= documented()[event["type"]]
        assert event["data"]["job"] == event["subject"]
    assert events[1]["data"]["result"]["frameCount"] == 180


def test_a_failed_job_tells_what_is_documented(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"this is no video" * 100)
    code, events = told(source, tmp_path)
    assert code == 1
    assert [event["type"] for event in events] == ["reelbrush.job.started", "reelbrush.job.failed"]
    assert fields(events[1]["data"]) - ALWAYS <= documented()["reelbrush.job.failed"]
    assert events[1]["data"]["error"]["code"]
    assert {"code", "message"} <= set(events[1]["data"]["error"])
