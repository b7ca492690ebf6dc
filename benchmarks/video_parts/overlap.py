"""Whether overlapping the stages costs CPU time: the pipeline beside the same work in one thread."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from contenders.stopwatch import cpu_seconds

from reelbrush.job import BlobRef, Job, Options
from reelbrush.media.encode import SegmentEncoder
from scoring.repaint import Repainter, open_repainter
from scoring.segments import ScoredSegment, SegmentScorer
from scoring.stop import StopRequest
from scoring.timestamps import Timestamps
from video_parts.film import Film
from video_parts.timing import Cost, Wanted, cost


@dataclass(frozen=True)
class Overlap:
    """CPU ms per frame of both ways; cores that the pipeline used and would have used on an idle machine."""

    sequential: Cost
    pipeline: Cost
    inflation: float  # of the fastest turns
    running: float
    wanted: float


def overlap(film: Film, style: str, precision: str, styles: Path, scratch: Path, rounds: int) -> Overlap:
    """Paint the film `rounds` times both ways in turn, two frames at a time in the pipeline."""
    job = Job("benchmark-0000000000", BlobRef("input", "clip", "0", 0), style, Options(precision=precision))
    repainter = open_repainter(job, styles, "cpu", time_base=Fraction(1, 1000), first_tick=0)
    spent: dict[str, list[float]] = {"sequential": [], "pipeline": []}
    running = wanted = 0.0
    frames = film.manifest.frame_count
    _sequential(film, repainter, scratch)
    for _ in range(rounds):
        began = cpu_seconds()
        _sequential(film, repainter, scratch)
        middle = cpu_seconds()
        with Wanted() as cores:
            _pipeline(film, repainter, scratch)
        spent["sequential"].append(1e3 * (middle - began) / frames)
        spent["pipeline"].append(1e3 * (cpu_seconds() - middle - cores.own) / frames)
        running, wanted = max(running, cores.running), max(wanted, cores.running + cores.waiting)
    sequential, pipeline = cost(spent["sequential"]), cost(spent["pipeline"])
    return Overlap(sequential, pipeline, pipeline.fastest / sequential.fastest, running, wanted)


def _sequential(film: Film, repainter: Repainter, scratch: Path) -> None:
    with film.reader() as reader:
        frames = film.frames(reader)
        for segment in film.manifest.segments:
            with SegmentEncoder(scratch / "sequential.mp4", film.manifest.encode) as encoder:
                for _, frame in zip(range(segment.frame_count), frames, strict=False):
                    encoder.write(repainter.paint(frame[None], [0])[0])


def _pipeline(film: Film, repainter: Repainter, scratch: Path) -> None:
    times = Timestamps(0, film.timestamps, film.timestamps[0])
    scorer = SegmentScorer(
        film.manifest, times, film.opener, repainter, threads=2, scratch=scratch, stop=StopRequest()
    )
    scorer.score(film.manifest.segments, _forget)


def _forget(scored: ScoredSegment) -> None:
    scored.path.unlink()
