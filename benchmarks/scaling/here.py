"""What this machine takes: a frame by stage, index and stitch, and whole runs with 1 and 2 workers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from contenders.clip import make_clip, sample_film
from contenders.stopwatch import Stopwatch, cpu_seconds
from guarded import video
from guarded.job import make_clip as make_test_picture
from guarded.job import prepare

from reelbrush.media.encode import SegmentEncoder
from scaling.constants import Constants
from scaling.films import FrameCost
from scoring.probe import open_session
from scoring.styles import load_style

ROOT = Path(__file__).resolve().parents[2]
STYLES = ROOT / "styles"
_LONG = 1920  # frames, of the clip that is indexed and stitched
_HASHED = 64 << 20


@dataclass(frozen=True)
class Workers:
    """One real run of the command line: all its processes."""

    workers: int
    height: int
    frames: int
    cpu_seconds: float
    wall_seconds: float
    start_cpu_seconds: float  # of the same with a few frames: what a film pays once

    @property
    def cpu_per_thousand(self) -> float:
        """CPU seconds per 1,000 frames, without what is paid once."""
        return 1000 * (self.cpu_seconds - self.start_cpu_seconds) / self.frames


def frame_cost(height: int, style: str, precision: str, frames: int) -> FrameCost:
    """Measure one frame of 16:9 by stage, each alone on one core, the fastest; and its encoded size."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        film = sample_film(folder / "film.mp4", frames)
        make_clip(folder / "clip.mp4", frames, height, film)
        job = prepare(folder, folder / "clip.mp4", style, precision)
        session = open_session(load_style(style, STYLES).in_precision(precision), "cpu")
        given, painted, models = [], [], []
        watch = Stopwatch()
        for _ in range(2):
            with watch.of("decode"):
                given = list(video.pictures(job))
        session.paint(given[0][None])
        for frame in given:
            began = cpu_seconds()
            painted.append(session.paint(frame[None])[0])
            models.append(cpu_seconds() - began)
        path = folder / "painted.mp4"
        with watch.of("encode"), SegmentEncoder(path, job.manifest.encode) as encoder:
            for frame in painted:
                encoder.write(frame)
        middle = sorted(models)[len(models) // 4]
        decode, encode = watch.seconds["decode"] / 2 / frames, watch.seconds["encode"] / frames
        return FrameCost(decode, middle, encode, path.stat().st_size / frames)


def measured(constants: Constants) -> Constants:
    """Return the constants with what can be measured here: index, stitch, sha256."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        job = prepare(
            folder, make_test_picture(folder / "long.mp4", _LONG, "96x64"), "starry-night", "float32"
        )
        files = video.segments_of(job, folder)
        index, stitch = video.indexing(job.clip, 1.0), video.stitching(job, files, folder, 1.0)
        data = bytes(_HASHED)
        return replace(
            constants,
            index_frame=_fastest(index.work) / _LONG,
            stitch_frame=_fastest(stitch.work) / _LONG,
            hash_rate=_HASHED / _fastest(lambda: hashlib.sha256(data).digest()),
        )


def _fastest(work: Callable[[], object]) -> float:
    found: list[float] = []
    for _ in range(5):
        began = cpu_seconds()
        work()
        found.append(cpu_seconds() - began)
    return min(found)


def workers(height: int, frames: int, style: str, precision: str, counts: tuple[int, ...]) -> list[Workers]:
    """Run `reelbrush run` with 1, 2, ... workers on one clip; each also on its first few frames."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        film = sample_film(folder / "film.mp4", frames)
        make_clip(folder / "clip.mp4", frames, height, film)
        make_clip(folder / "short.mp4", 2, height, film)
        found: list[Workers] = []
        for count in counts:
            start, _ = _run(folder, "short.mp4", style, precision, count)
            cpu, wall = _run(folder, "clip.mp4", style, precision, count)
            found.append(Workers(count, height, frames, cpu, wall, start))
        return found


def _run(folder: Path, clip: str, style: str, precision: str, count: int) -> tuple[float, float]:
    output = folder / "out.mp4"
    output.unlink(missing_ok=True)
    command = [sys.executable, "-m", "reelbrush", "run", folder / clip, "-o", output, "--style", style]
    command += ["--precision", precision, "--workers", str(count), "-q"]
    launch = [sys.executable, "-m", "contenders.launch", *map(str, command)]
    where = f"{ROOT / 'benchmarks'}:{ROOT}"
    env = {**os.environ, "PYTHONPATH": where}
    done = subprocess.run(launch, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    told = json.loads(done.stdout)
    return told["cpu_seconds"], told["wall_seconds"]
