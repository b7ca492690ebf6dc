"""Jobs of one segment, and the scoring process that paints them, measured by the operating system."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from reelbrush.compute.scorer_variables import scorer_variables  # noqa: E402
from reelbrush.job import Options  # noqa: E402
from tests.scoring.jobs import PreparedJob, make_clip, prepare  # noqa: E402

SIZES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080)}


@dataclass(frozen=True)
class Spent:
    """What one process and its children took."""

    cpu_seconds: float
    peak_mib: float  # largest resident memory of the process


def one_segment(folder: Path, size: str, frames: int, style: str, precision: str = "float32") -> PreparedJob:
    """Return a job in a new store below `folder`, its clip of `frames` frames a single segment."""
    folder.mkdir(parents=True)
    clip = folder / "clip.mp4"
    make_clip(clip, frames, *SIZES[size])
    return prepare(folder, clip, style, frames, Options(precision=precision))


def spend(command: list[str], environment: dict[str, str] | None = None) -> tuple[Spent, str]:
    """Run `command` as a backend would start a scoring process; return what it took and what it printed.

    `environment` replaces single variables. Raises RuntimeError, with the output's end, when it fails.
    """
    variables = {**os.environ, **scorer_variables(os.environ), **(environment or {})}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=variables) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[:6]} ended with {process.returncode}: {printed[-500:]}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), printed


def score(job: PreparedJob, attempt: int, *more: str) -> Spent:
    """Paint `job` by `python -m scoring`; `attempt` counts its runs, nothing of which may be published."""
    own = ["--store", job.store.uri, "--job", job.job.id, "--run", job.request(attempt=attempt)]
    return spend([sys.executable, "-P", "-m", "scoring", *own, "--providers", "cpu", *more])[0]


def unpublish(job: PreparedJob) -> None:
    """Take the published segments away, so that the next run paints them again."""
    for segment in job.manifest.segments:
        for path in (job.page_path(segment.index), job.segment_path(segment.index)):
            path.unlink(missing_ok=True)


def machine_line() -> str:
    """Describe the machine and its load in one line."""
    from contenders.machine import describe

    facts = describe()
    flags = " ".join(facts["flags"])
    versions = f"onnxruntime {facts['versions']['onnxruntime']}, av {facts['versions']['av']}"
    return f"{facts['cpu']}, {facts['cores']} cores ({flags}), {versions}, load {facts['load']}"
