"""What a job's timeline says in numbers. Pure functions; all times are seconds since the trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lanes.events import Span, painting, steps
from lanes.sampler import Sample


@dataclass(frozen=True)
class Figures:
    """One job's waits. `before` and `after` together are what orchestration adds to the time of scoring."""

    waits: dict[str, float]  # from the trigger on, each from the end of the one before
    before: float  # trigger to first frame painted
    after: float  # last frame painted to output published
    scoring: float  # first to last frame painted
    idle_start: float  # seconds of idle cores while work waits: from the split to the first frame painted,
    idle_scoring: float  # from there to the moment when the last frame begins to be painted


def figures(spans: Sequence[Span], samples: Sequence[Sample], trigger: int, published: int) -> Figures:
    """Return the numbers of one job; `trigger` and `published` are in nanoseconds since the epoch.

    Raises ValueError when a step is missing.
    """
    painted = painting(spans)
    if not painted:
        raise ValueError("no frame was painted")
    first, last = painted[0].until, max(span.until for span in painted)
    split, stitch = (_only(spans, name) for name in ("split_video", "stitch_video"))
    scorer = min(s.since for s in spans if s.lane == "process" and s.process > 0)
    submitted = steps(spans, "submit_run")[0].until
    polled = max(s.until for s in steps(spans, "poll_runs") if s.until <= stitch.since)
    publishing = max(s.until for s in spans if s.lane == "publish")
    end = (published - trigger) / 1e9
    marks = {
        "command, host, watch: to the first step": min(s.since for s in spans if s.lane == "steps"),
        "queue and event": split.since,
        "split": split.until,
        "plan, submit": submitted,
        "until the scoring process starts": scorer,
        "imports and model": min(s.since for s in spans if s.lane == "decode"),
        "first frame": first,
        "scoring": last,
        "last segment: encode, prove, publish": publishing,
        "until a poll has seen it": polled,
        "stitch begins": stitch.since,
        "stitch": stitch.until,
        "until the output is in its place": end,
    }
    before = [0.0, *marks.values()]
    waits = {name: at - earlier for (name, at), earlier in zip(marks.items(), before, strict=False)}
    starting = max(span.since for span in painted)
    return Figures(
        waits=waits,
        before=first,
        after=end - last,
        scoring=last - first,
        idle_start=idle(samples, trigger, split.until, first),
        idle_scoring=idle(samples, trigger, first, starting),
    )


def idle(samples: Sequence[Sample], trigger: int, since: float, until: float) -> float:
    """Return the seconds that cores were idle in between; a sample's interval counts by its share."""
    total = 0.0
    for one, other in pairwise(samples):
        begin, end = (one.at - trigger) / 1e9, (other.at - trigger) / 1e9
        inside = min(end, until) - max(begin, since)
        if inside > 0:
            total += (other.idle - one.idle) * inside / (end - begin)
    return total


def _only(spans: Sequence[Span], name: str) -> Span:
    found = steps(spans, name)
    if not found:
        raise ValueError(f"the step {name} is missing")
    return found[-1]
