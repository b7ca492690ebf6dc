"""Pairs about the whole: overlapped stages over the same alone, a scorer's start over its libraries'."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from guarded.job import Prepared
from guarded.pair import Pair
from guarded.video import pictures
from reelbrush.job.names import INPUT, WORK
from reelbrush.media.encode import SegmentEncoder
from scoring.repaint import Repainter, open_repainter
from scoring.segments import ScoredSegment, SegmentScorer
from scoring.stop import StopRequest
from scoring.timestamps import read_timestamps

ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = "import numpy, onnxruntime, av"


def repainter_of(prepared: Prepared, styles: Path) -> Repainter:
    """Return what paints the job's frames on the processor."""
    times = read_timestamps(prepared.store, prepared.manifest, prepared.manifest.segments)
    tick = prepared.manifest.video.time_base
    return open_repainter(prepared.job, styles, "cpu", time_base=tick, first_tick=times.video_start)


def overlapping(prepared: Prepared, styles: Path, folder: Path, bound: float) -> Pair:
    """Segments scored by two threads, stages overlapped, over the same decoded, painted, encoded in turn."""
    manifest, repainter = prepared.manifest, repainter_of(prepared, styles)
    times = read_timestamps(prepared.store, manifest, manifest.segments)

    def published(scored: ScoredSegment) -> None:
        scored.path.unlink()

    def work() -> None:
        scratch = Path(tempfile.mkdtemp(dir=folder))
        SegmentScorer(
            manifest=manifest,
            timestamps=times,
            open_media=lambda: prepared.store.open(INPUT, prepared.job.source.name),
            repainter=repainter,
            threads=2,
            scratch=scratch,
            stop=StopRequest(),
        ).score(manifest.segments, published)

    def alone() -> None:
        frames = pictures(prepared)
        for segment in manifest.segments:
            with SegmentEncoder(folder / "alone.mp4", manifest.encode) as encoder:
                for _ in range(segment.frame_count):
                    encoder.write(repainter.paint(next(frames)[None], [0])[0])

    return Pair("pipeline", "segments scored by two threads over their stages in turn", work, alone, bound)


def starting(prepared: Prepared, styles: Path, bound: float) -> Pair:
    """A scoring process with one short segment over a process that imports the libraries it needs."""
    store, job = prepared.store, prepared.job.id
    command = [sys.executable, "-m", "scoring", "--store", store.uri, "--job", job, "--run", prepared.run]
    command += ["--styles", str(styles), "--providers", "cpu"]
    generation = store.path(WORK, f"{job}/{prepared.manifest.generation}") / "segments"

    def work() -> None:
        shutil.rmtree(generation, ignore_errors=True)
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)

    def libraries() -> None:
        subprocess.run([sys.executable, "-c", _LIBRARIES], check=True, cwd=ROOT, env=dict(os.environ))

    what = f"a scorer with {prepared.manifest.frame_count} frames over `{_LIBRARIES}`"
    return Pair("start", what, work, libraries, bound)
