"""Grouping segments into batches. How segments are grouped never changes a byte of the output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MAX_BATCHES = 100  # tasks of one orchestrator; replay cost grows with their square

WORK_SECONDS = 420.0  # of a node in one batch: beside it the start of a run is small, and so is what is lost
_TOLERANCE = 1.05  # of the shortest time, within which fewer batches are better: each start is paid for
_STRAGGLER = 0.05  # chance that a job's last batch has to begin anew on another node, evictions apart


@dataclass(frozen=True)
class Batch:
    """Consecutive segments scored by one run: first_segment + segment_count is exclusive."""

    index: int  # from 0
    first_segment: int
    segment_count: int  # >= 1
    frame_count: int


@dataclass(frozen=True)
class Figures:
    """What a plan is made from."""

    seconds_per_frame: float | None  # of one process; None where nothing was measured
    nodes: int  # that may be at work at the same time, >= 1
    processes: int = 1  # of one run on each node, which share the segments of a batch
    run_nodes: int = 1  # least number of nodes of one run
    startup_seconds: float = 45.0  # from the start of a run on a node that is up to its first frame
    evictions_per_node_hour: float = 0.0
    batch_frames: int = 0  # wished frames of a batch; 0 leaves it to the plan
    run_seconds: float = 6 * 3600  # limit of one run


@dataclass(frozen=True)
class Plan:
    """Batches, the nodes of each run, and why they are so."""

    batches: tuple[Batch, ...]
    nodes_per_run: int
    reasons: tuple[str, ...] = ()


def plan_batches(
    segment_frames: Sequence[int],
    nodes: int,
    batch_frames: int | None = None,
    minimum: int = 96,
    most: int = MAX_BATCHES,
) -> tuple[Batch, ...]:
    """Group consecutive segments of `segment_frames[i]` frames into at most `most` batches.

    Segments that need no work any more count 0 frames; no batch holds nothing but such, and there is none
    where all are such.

    Without `batch_frames` there is one batch per node, but none below about `minimum` frames, so a short clip
    is a single batch; with it, about one batch per `batch_frames` frames. Borders lie at equal shares of the
    frames, moved to the next border of a segment.
    """
    total = sum(segment_frames)
    if total == 0:
        return ()
    if batch_frames is None:
        wanted = max(1, min(nodes, most, total // minimum))
    else:
        wanted = max(1, min(most, -(-total // max(1, batch_frames))))
    return _share(segment_frames, wanted)


def plan(segment_frames: Sequence[int], figures: Figures, most: int = MAX_BATCHES) -> Plan:
    """Group segments so that the last batch is expected to end early, with as few batches as that takes.

    There are at most `most` batches. Segments that need no work any more count 0 frames.

    Without a measured rate, or with a wished size, this is `plan_batches`. The expected end counts the start
    of runs, the longest batch of each round of batches over the nodes, and what evictions cost.
    """
    total = sum(segment_frames)
    if total == 0:
        return Plan((), 1)
    if figures.seconds_per_frame is None or figures.batch_frames:
        runs_at_once = max(1, figures.nodes // figures.run_nodes)
        batches = plan_batches(segment_frames, runs_at_once, figures.batch_frames or None, most=most)
        wide = -(-figures.nodes // most) if len(batches) == most else 1
        why = "as set by REELBRUSH_BATCH_FRAMES" if figures.batch_frames else "one for each node"
        return Plan(batches, max(figures.run_nodes, wide), (f"{_counted(len(batches))}, {why}.",))
    work = total * figures.seconds_per_frame / figures.processes  # node seconds
    wide = min(-(-figures.nodes // most), math.ceil(work / (WORK_SECONDS * most)))
    nodes = max(figures.run_nodes, wide)
    cap = min(most, len(segment_frames))
    fewest = min(cap, max(1, math.ceil(2 * work / (nodes * figures.run_seconds))))  # half the limit is safe
    last = max(fewest, min(cap, round(work / (nodes * WORK_SECONDS))))
    ends = {
        n: expected_seconds(_share(segment_frames, n), nodes, figures, len(segment_frames))
        for n in range(fewest, last + 1)
    }
    best = min(ends.values())
    chosen = min(n for n, end in ends.items() if end <= best * _TOLERANCE)
    batches = _share(segment_frames, chosen)
    return Plan(batches, nodes, _reasons(work, len(batches), nodes, ends[chosen], figures))


def expected_seconds(
    batches: Sequence[Batch], nodes_per_run: int, figures: Figures, segments: int | None = None
) -> float:
    """Return the expected seconds from the first run's start, on nodes that are up, to the last one's end.

    `segments` is how many there are in all batches, counted here when None.
    """
    if not batches or figures.seconds_per_frame is None:
        return 0.0
    count = sum(batch.segment_count for batch in batches) if segments is None else segments
    segment = sum(batch.frame_count for batch in batches) * figures.seconds_per_frame / count
    ranks = nodes_per_run * figures.processes
    longest = max(-(-batch.segment_count // ranks) for batch in batches) * segment
    runs_at_once = max(1, figures.nodes // nodes_per_run)
    rounds = -(-len(batches) // runs_at_once)
    run = figures.startup_seconds + longest
    per_run = figures.evictions_per_node_hour * nodes_per_run * run / 3600  # evictions expected in one run
    in_last_round = min(len(batches), runs_at_once)
    late = min(1.0, _STRAGGLER + 1 - math.exp(-per_run * in_last_round))
    earlier = per_run * (len(batches) - in_last_round)
    redone = figures.startup_seconds + segment  # published segments stay
    return rounds * run + late * (redone + longest / 2) + earlier * redone / runs_at_once


def _share(segment_frames: Sequence[int], wanted: int) -> tuple[Batch, ...]:
    """Return about `wanted` batches of about equally many frames, each of one segment or more."""
    total = sum(segment_frames)
    batches: list[Batch] = []
    first = frames = done = 0
    for index, count in enumerate(segment_frames):
        frames += count
        done += count
        # borders at equal shares of the whole, so that rounding never piles up on the last batch
        due = frames > 0 and done * wanted >= total * (len(batches) + 1)
        if (due and done < total) or index == len(segment_frames) - 1:
            batches.append(Batch(len(batches), first, index + 1 - first, frames))
            first, frames = index + 1, 0
    return tuple(batches)


def _reasons(work: float, batches: int, nodes: int, end: float, figures: Figures) -> tuple[str, ...]:
    share = duration(work / batches / nodes)
    if batches == 1:
        return (f"One batch: {duration(work / nodes)} of work is not worth the start of another run.",)
    wide = f" of {nodes} nodes each" if nodes > 1 else ""
    at_once = max(1, figures.nodes // nodes)
    reasons = [
        f"{_counted(batches)}{wide} of about {share} of work; {min(at_once, batches)} run at the same time"
        f" and the last one ends about {duration(end)} after the nodes are up."
    ]
    if figures.evictions_per_node_hour:
        often = 1 / figures.evictions_per_node_hour
        reasons.append(f"One node in {often:.0f} node hours is reckoned to be taken away.")
    return tuple(reasons)


def _counted(batches: int) -> str:
    return "One batch" if batches == 1 else f"{batches} batches"


def duration(seconds: float) -> str:
    """Return seconds for people: "40 seconds", "12 minutes", "3.5 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
