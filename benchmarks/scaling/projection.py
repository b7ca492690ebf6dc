"""How long a job takes on n nodes and what it costs, from what is known of each of its steps.

Batches are those that the product's own planner makes (`reelbrush.job.plan`); nodes take them in the order
of submission. No evictions: dedicated nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from heapq import heapreplace

from orchestrators.pace import NEAREST
from reelbrush.job.plan import Figures, Plan, plan
from reelbrush.pricing.basis import RUN_SECONDS
from scaling.constants import Constants
from scaling.films import Film, FrameCost
from scaling.nodes import Node


@dataclass(frozen=True)
class Projection:
    """One job on `nodes` nodes, seconds from the upload to the published video by step."""

    nodes: int
    batches: int
    steps: dict[str, float]  # in their order; none overlaps another
    node_seconds: float  # that are paid for
    work_seconds: float  # of one node that does nothing but paint

    @property
    def seconds(self) -> float:
        """From the upload to the published video."""
        return sum(self.steps.values())

    @property
    def serial(self) -> float:
        """Seconds in which no node paints."""
        return self.seconds - self.steps["paint"]


@cache  # of a film of ten hours it takes a second
def planned(frames: tuple[int, ...], seconds_per_frame: float, nodes: int) -> Plan:
    """Return the product's plan for segments of these frames, at a measured rate."""
    return plan(frames, Figures(seconds_per_frame, nodes, startup_seconds=RUN_SECONDS))


def project(
    film: Film, cost: FrameCost, node: Node, nodes: int, constants: Constants, *, cold: bool
) -> Projection:
    """Return what a job takes; `cold`: the cluster grows from zero nodes, else `nodes` are up."""
    frames, rate = film.segment_frames, node.seconds_per_frame(film, cost)
    chosen = planned(frames, rate, nodes)
    scored = scoring(chosen, rate, nodes, constants, wait=constants.node_start if cold else 0.0)
    painted = film.frames * cost.painted_bytes
    steps = {
        "trigger": constants.trigger,
        "split": film.source_bytes / constants.reading + film.frames * constants.index_frame,
        "plan": constants.plan,
        **scored.steps,
        "stitch": stitching(len(frames), film, painted, constants),
        "finish": len(frames) * constants.finish_segment,
        "between": 6 * constants.step,
    }
    used = min(nodes, len(chosen.batches))
    paid = scored.busy + used * (constants.idle + (constants.node_start if cold else 0.0))
    return Projection(nodes, len(chosen.batches), steps, paid, film.frames * rate)


@dataclass(frozen=True)
class Scored:
    """From the plan to the end of the last run: `steps` in seconds of the clock, `busy` of all nodes."""

    steps: dict[str, float]
    busy: float


@dataclass(frozen=True, order=True)
class _Lane:
    """What one node has done until its latest run ends; seconds."""

    end: float
    runs: int = 0
    painted: float = 0.0


def scoring(chosen: Plan, rate: float, nodes: int, constants: Constants, *, wait: float) -> Scored:
    """Let `nodes` nodes, which are up after `wait` seconds, take the batches in the order of submission."""
    free = [_Lane(constants.submit + wait) for _ in range(nodes)]  # a heap: all are equal
    order = sorted(chosen.batches, key=lambda batch: -batch.frame_count)
    ended: list[_Lane] = []
    for place, batch in enumerate(order):
        submitted = (place // constants.submits_at_once + 1) * constants.submit
        lane, seconds = free[0], batch.frame_count * rate
        end = max(lane.end, submitted) + constants.run_start + seconds
        ended.append(_Lane(end, lane.runs + 1, lane.painted + seconds))
        heapreplace(free, ended[-1])
    last = max(ended)
    painted = sum(batch.frame_count for batch in order) * rate
    share = min(last.painted, painted / nodes)
    starts = last.runs * constants.run_start
    steps = {
        "submit": last.end - wait - starts - last.painted,
        "nodes": wait,
        "run starts": starts,
        "paint": share,
        "uneven": last.painted - share,
        "notice": constants.poll / NEAREST / 2 + constants.look,
    }
    return Scored(steps, len(order) * constants.run_start + painted)


def stitching(segments: int, film: Film, painted: float, constants: Constants) -> float:
    """Return the seconds of the stitch; `painted` is bytes.

    Each segment is fetched once, some ahead, and proven on the way; the source is read for its sound;
    meanwhile the file is written, then read and written again to put its index first, read to be verified and
    hashed side by side, and sent.
    """
    line, disk = constants.line, constants.disk
    fetching = constants.fetching(painted / segments, constants.segments_ahead)
    fetched = painted / min(fetching, constants.segments_ahead * constants.hash_rate)
    written = max(fetched + film.source_bytes / constants.reading, painted / disk)
    moved = constants.index_moved * 2 * painted / disk
    checked = painted / min(disk, constants.hash_rate)
    sent = painted / min(line, disk)
    packets = segments * constants.stitch_segment + film.frames * constants.stitch_frame
    return constants.stitch_share * (packets + written + moved + checked + sent)


def efficiency(one: Projection, many: Projection) -> float:
    """Return T1 / (n Tn)."""
    return one.seconds / (many.nodes * many.seconds)
