"""Rounds: every contender in turn, each in processes of its own, on a short clip and on a long one.

Per frame is what the long clip takes more than the short one, divided by the frames it has more: start-up,
which a long film pays once, falls out and is told apart.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders.field import Command, Contender
from reelbrush.compute.scorer_variables import scorer_variables

SHORT = 2
"""Frames of the short clip; a file of one frame is a picture."""


@dataclass(frozen=True)
class Turn:
    """One contender in one round. Everything is per frame but `start_seconds` (CPU) and `peak_mib`."""

    cpu_seconds: float
    wall_seconds: float
    start_seconds: float
    bytes_moved: float  # read and written by system calls
    peak_mib: float  # of the largest process
    stages: dict[str, float]  # CPU seconds


def environment(root: Path, styles: Path) -> dict[str, str]:
    """Return the environment of all processes: the code of this checkout, one thread per library."""
    paths = [str(root), str(root / "benchmarks")]
    single = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    return {**os.environ, **single, "PYTHONPATH": os.pathsep.join(paths), "REELBRUSH_STYLES": str(styles)}


def launched(command: Command, env: dict[str, str]) -> dict[str, float]:
    """Run a command by `contenders.launch`. Raises RuntimeError with the end of its output when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "contenders.launch", *command],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = " ".join(map(str, command[1:4]))
        raise RuntimeError(f"{words} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def take_turn(
    contender: Contender, short: Path, long: Path, frames: int, folder: Path, env: dict[str, str]
) -> Turn:
    """Let a contender paint both clips; the long one's video stays as FOLDER/long.mp4."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: dict[str, dict[str, float]] = {}
    stages: dict[str, dict[str, float]] = {}
    for name, clip in (("short", short), ("long", long)):
        notes = folder / f"{name}.json"
        found[name] = launched(contender.run(clip, folder / f"{name}.mp4", notes), env)
        if notes.exists():
            stages[name] = json.loads(notes.read_text())
    more = frames - SHORT
    if contender.alone is not None:
        notes = folder / "alone.json"
        launched(contender.alone(long, notes), {**env, **scorer_variables(env)})
        by_stage = {name: spent / frames for name, spent in json.loads(notes.read_text()).items()}
    else:
        by_stage = {
            name: (spent - stages["short"].get(name, 0.0)) / more for name, spent in stages["long"].items()
        }
    by_stage.pop("start", None)
    one, many = found["short"], found["long"]
    per_frame = {name: (many[name] - one[name]) / more for name in one}
    return Turn(
        cpu_seconds=per_frame["cpu_seconds"],
        wall_seconds=per_frame["wall_seconds"],
        start_seconds=one["cpu_seconds"] - SHORT * per_frame["cpu_seconds"],
        bytes_moved=per_frame["bytes_read"] + per_frame["bytes_written"],
        peak_mib=many["peak_mib"],
        stages=by_stage,
    )


def pictures(
    contenders: list[Contender], clips: dict[str, Path], folder: Path, env: dict[str, str]
) -> dict[str, Any]:
    """Return by contender what `contenders.picture` finds of its long video."""
    found: dict[str, Any] = {}
    for model in {contender.model for contender in contenders}:
        having = [contender for contender in contenders if contender.model == model]
        videos = [folder / contender.key / "long.mp4" for contender in having]
        command = [sys.executable, "-m", "contenders.picture", model, clips[having[0].key], *videos]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        found |= dict(zip((contender.key for contender in having), json.loads(done.stdout), strict=True))
    return found
