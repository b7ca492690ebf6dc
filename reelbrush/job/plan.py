"""Grouping segments into batches. How segments are grouped never changes a byte of the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_BATCHES = 100  # tasks of one orchestrator; replay cost grows with their square


@dataclass(frozen=True)
class Batch:
    """Consecutive segments scored by one run: first_segment + segment_count is exclusive."""

    index: int  # from 0
    first_segment: int
    segment_count: int  # >= 1
    frame_count: int


def plan_batches(
    segment_frames: Sequence[int], nodes: int, batch_frames: int | None = None, minimum: int = 96
) -> tuple[Batch, ...]:
    """Group consecutive segments of `segment_frames[i]` frames into at most MAX_BATCHES batches.

    Without `batch_frames` there is one batch per node, but none below about `minimum` frames, so a short clip
    is a single batch; with it, about one batch per `batch_frames` frames. Borders lie at equal shares of the
    frames, moved to the next border of a segment.
    """
    total = sum(segment_frames)
    if total == 0:
        return ()
    if batch_frames is None:
        wanted = max(1, min(nodes, MAX_BATCHES, total // minimum))
    else:
        wanted = max(1, min(MAX_BATCHES, -(-total // max(1, batch_frames))))
    batches: list[Batch] = []
    first = frames = done = 0
    for index, count in enumerate(segment_frames):
        frames += count
        done += count
        # borders at equal shares of the whole, so that rounding never piles up on the last batch
        if done * wanted >= total * (len(batches) + 1) or index == len(segment_frames) - 1:
            batches.append(Batch(len(batches), first, index + 1 - first, frames))
            first, frames = index + 1, 0
    return tuple(batches)
