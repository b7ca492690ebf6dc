"""The timeline of a job: what processes write down, and what is read from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ROOT

SECOND = 1_000_000_000

# the real pipeline, as a scoring process uses it
PROGRAM = """
from scoring.pipeline import ordered_map

for painted in ordered_map(range(5), lambda number: number + 1, workers=2, depth=4):
    print(painted)
"""


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from lanes import events, figures, sampler

    return SimpleNamespace(events=events, figures=figures, Sample=sampler.Sample)


def test_a_process_writes_down_what_its_threads_do_and_gives_the_same_results(
    lanes: Any, tmp_path: Path
) -> None:
    env = {**os.environ, "LANES_FOLDER": str(tmp_path)}
    env["PYTHONPATH"] = str(ROOT / "benchmarks" / "lanes" / "hooks")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout.split() == ["1", "2", "3", "4", "5"]
    spans = lanes.events.read_spans(tmp_path, 0)
    counts = {what: sum(span.what == what for span in spans) for what in ("decode", "paint", "encode")}
    assert counts == {"decode": 5, "paint": 5, "encode": 5}
    assert {span.lane for span in lanes.events.painting(spans)} <= {"infer-0", "infer-1"}
    assert all(span.until >= span.since for span in spans)
    assert any(span.what.startswith("CPU ") for span in spans)  # told at its end


def test_waits_follow_each_other_from_the_trigger_to_the_output(lanes: Any) -> None:
    def span(process: int, lane: str, what: str, since: float, until: float) -> Any:
        return lanes.events.Span(process, lane, what, since, until)

    spans = [
        span(0, "steps", "admit_job", 0.5, 0.6),
        span(0, "steps", "split_video", 0.7, 1.0),
        span(0, "steps", "submit_run", 1.1, 1.2),
        span(1, "process", "python", 1.3, 1.3),
        span(1, "decode", "decode", 1.6, 1.7),
        span(1, "infer-0", "paint", 1.7, 2.0),
        span(1, "infer-1", "paint", 1.8, 5.0),
        span(1, "publish", "publish", 5.1, 5.2),
        span(0, "steps", "poll_runs", 5.3, 5.4),
        span(0, "steps", "stitch_video", 5.5, 6.0),
    ]
    samples = [lanes.Sample(at * SECOND, idle=at * 0.5, own=0.0) for at in range(8)]  # half a core idle
    found = lanes.figures.figures(spans, samples, 0, int(6.25 * SECOND))
    assert found.before == 2.0
    assert found.after == pytest.approx(1.25)
    assert found.scoring == 3.0
    assert sum(found.waits.values()) == pytest.approx(6.25)
    assert all(wait >= 0 for wait in found.waits.values())
    assert found.waits["until a poll has seen it"] == pytest.approx(0.2)
    assert found.idle_start == pytest.approx(0.5 * 1.0)  # from 1.0, when there are segments, to 2.0
    assert found.idle_scoring == 0.0  # nothing was left to begin at 1.8


def test_a_job_that_painted_nothing_has_no_figures(lanes: Any) -> None:
    with pytest.raises(ValueError, match="no frame"):
        lanes.figures.figures([], [], 0, SECOND)
