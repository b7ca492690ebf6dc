"""A whole job on the embedded host: one trace over trigger, steps and runs, and not a byte more."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects among the lines of a text."""
    decoder, position = json.JSONDecoder(), 0
    while True:
        begin = 0 if position == 0 and text.startswith("{") else text.find("\n{", position) + 1
        if begin == 0 and not (position == 0 and text.startswith("{")):
            return
        try:
            document, length = decoder.raw_decode(text[begin:])
            yield document
            position = begin + length
        except ValueError:
            position = begin + 1


def run(folder: Path, clip: Path, **environment: str) -> str:
    """Paint `clip` in `folder`, keeping the work, and return what was printed."""
    folder.mkdir()
    command = [sys.executable, "-m", "reelbrush", "run", str(clip), "-o", "out.mp4", "--style", "identity"]
    command += ["--batch-frames", "96", "--work-dir", "work", "--keep", "--quiet"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "REELBRUSH_POLL_SECONDS": "0.2", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_one_trace_per_job_and_the_same_bytes(tmp_path: Path, clip: Path) -> None:
    traced = {"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "console"}
    printed = run(tmp_path / "traced", clip, **traced)
    run(tmp_path / "plain", clip)
    plain, told = [
        hashlib.sha256((tmp_path / name / "out.mp4").read_bytes()).hexdigest() for name in ("plain", "traced")
    ]
    assert plain == told

    logs = list((tmp_path / "traced").glob("work/*/store/.runs/*/log.txt"))
    texts = [printed, *(log.read_text() for log in logs)]
    found = [document for text in texts for document in documents(text)]
    spans = {d["context"]["span_id"]: d for d in found if "context" in d}
    names = [span["name"] for span in spans.values()]
    assert {
        "reelbrush.start",
        "reelbrush.step.split_video",
        "reelbrush.step.submit_run",
        "reelbrush.step.poll_runs",
        "reelbrush.step.stitch_video",
        "reelbrush.step.finish_job",
        "reelbrush.step.tell_event",
        "reelbrush.run",
    } <= set(names)
    runs = [span for span in spans.values() if span["name"] == "reelbrush.run"]
    assert len(runs) == len(logs) == 2
    assert sum(span["attributes"]["reelbrush.frames_done"] for span in runs) == 180
    assert len({span["context"]["trace_id"] for span in spans.values()}) == 1
    assert len({span["attributes"]["reelbrush.job_id"] for span in spans.values()}) == 1
    [root] = [span for span in spans.values() if span["parent_id"] is None]
    assert root["name"] == "reelbrush.start"
    ended = [span for span in spans.values() if span["name"] == "reelbrush.run_ended"]
    assert {span["attributes"]["reelbrush.batch"] for span in ended} == {0, 1}
    assert {span["attributes"]["reelbrush.outcome"] for span in ended} == {"done"}
    assert sum(span["attributes"]["reelbrush.frames_done"] for span in ended) == 180
    for span in spans.values():
        if span is not root:
            parent = spans[span["parent_id"]]
            of_run = span in runs or span in ended
            assert parent["name"] == ("reelbrush.step.submit_run" if of_run else "reelbrush.start")
            assert parent["attributes"].get("reelbrush.batch") == (
                span["attributes"]["reelbrush.batch"] if of_run else None
            )
    told = [span["attributes"] for span in spans.values() if span["name"] == "reelbrush.step.tell_event"]
    assert {about["reelbrush.event"] for about in told} == {"started", "finished"}
    services = {span["resource"]["attributes"]["service.name"] for span in runs}
    assert services == {"reelbrush-scoring"}

    metrics: dict[str, float] = {}
    for document in found:
        for resource in document.get("resource_metrics", []):
            for scope in resource["scope_metrics"]:
                for metric in scope["metrics"]:
                    for point in metric["data"]["data_points"]:
                        metrics[metric["name"]] = metrics.get(metric["name"], 0) + point.get(
                            "value", point.get("sum", 0)
                        )
    assert metrics["reelbrush.frames"] == 180
    assert metrics["reelbrush.jobs"] == 2  # started, finished
    assert metrics["reelbrush.node_seconds"] > 0
    assert {"reelbrush.fps", "reelbrush.queue_seconds", "reelbrush.retries"} <= set(metrics)
