"""The two ways of a job on this machine: one command, or an upload to an app that serves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lanes.events import Span, read_spans
from lanes.figures import Figures, figures
from lanes.sampler import Sample, Sampler

HOOKS = Path(__file__).resolve().parent / "hooks"
PATIENCE = 600.0  # seconds for a whole job


@dataclass(frozen=True)
class Taken:
    """What was seen of one job."""

    figures: Figures
    spans: list[Span]
    samples: list[Sample]
    trigger: int  # ns since the epoch
    published: float  # seconds since the trigger
    cpu: float  # seconds of the command and all that it started
    host_cpu: float  # of the command alone
    wall: float  # seconds of the command


def take(way: str, clip: Path, style: Sequence[str], folder: Path) -> Taken:
    """Let one job go its `way`, "run" or "serve", in an empty `folder`, and return what was seen.

    `style` are options of `reelbrush run`; for "serve", the first value of "--style" alone counts. Raises
    CalledProcessError or TimeoutError when there is no output.
    """
    journal = folder / "journal"
    journal.mkdir(parents=True)
    env = {**os.environ, "LANES_FOLDER": str(journal)}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HOOKS), env.get("PYTHONPATH"))))
    with (folder / "log.txt").open("wb") as log:
        return (_run if way == "run" else _serve)(clip, style, folder, env, log)


def _run(clip: Path, style: Sequence[str], folder: Path, env: dict[str, str], log: IO[bytes]) -> Taken:
    made = folder / "made.mp4"
    command = [*_reelbrush(), "run", str(clip), "-o", str(made), "-q", *style]
    before, trigger = _children(), time.time_ns()
    process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    with Sampler(process.pid, made.exists) as sampler:
        code = process.wait(PATIENCE)
    if code:
        raise subprocess.CalledProcessError(code, command, stderr=(folder / "log.txt").read_text()[-2000:])
    return _taken(folder, sampler, trigger, trigger, before)


def _serve(clip: Path, style: Sequence[str], folder: Path, env: dict[str, str], log: IO[bytes]) -> Taken:
    store, name = folder / "store", style[list(style).index("--style") + 1]
    command = [*_reelbrush(), "serve", str(store)]
    before, began = _children(), time.time_ns()
    process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        _until(lambda: "serving" in (folder / "log.txt").read_text(), process)
        time.sleep(2)  # the app has come to rest
        target = store / "input" / name / clip.name
        target.parent.mkdir(parents=True)
        shutil.copyfile(clip, folder / "clip")
        trigger = time.time_ns()
        os.utime(folder / "clip", ns=(trigger, trigger))
        (folder / "clip").replace(target)
        with Sampler(process.pid, lambda: any((store / "output").glob("*/*.mp4"))) as sampler:
            _until(lambda: any((store / "work").glob("*/receipt.json")), process)
            time.sleep(1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    return _taken(folder, sampler, trigger, began, before)


def _taken(folder: Path, sampler: Sampler, trigger: int, began: int, before: float) -> Taken:
    if sampler.published_at is None:
        raise TimeoutError("no output was seen")
    spans = read_spans(folder / "journal", trigger)
    found = figures(spans, sampler.samples, trigger, sampler.published_at)
    published = (sampler.published_at - trigger) / 1e9
    wall = (time.time_ns() - began) / 1e9
    spent = _children() - before
    return Taken(found, spans, sampler.samples, trigger, published, spent, _host_cpu(spans), wall)


def _host_cpu(spans: Sequence[Span]) -> float:
    """What the host's process said of itself when it ended; 0 when it could not."""
    words = (span.what.split() for span in spans if (span.process, span.lane) == (0, "process"))
    return next((float(value) for name, value, *_ in words if name == "CPU"), 0.0)


def _until(there: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not there():
        if process.poll() is not None:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        if time.monotonic() > end:
            raise TimeoutError("the job has not ended")
        time.sleep(0.05)


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _reelbrush() -> list[str]:
    return [sys.executable, "-m", "reelbrush"]
