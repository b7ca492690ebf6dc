"""Runs that hang: whose process is there, while no frame is painted and no segment published any more.

Only change counts, never a time that a node tells: clocks differ, and a heart may beat beside threads that
stand still. And only time between two looks counts, never much of it at once: a machine that was asleep, or
an app that nobody called, has seen nothing.
"""

from __future__ import annotations

import json
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, replace

from activities.run_segments import segments_of_run
from activities.services import Services
from reelbrush.errors import ComputeError
from reelbrush.job import BatchProgress, BatchState, WorkNames, to_json
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.store import read_if_there

STALLED = "run-stalled"  # code of such a run
STANDS = 900.0  # seconds without change after which a run that has painted is stopped, at least
SEGMENTS = 10  # and at least so many times what one of its segments takes
PAUSES = 2  # and the longest pause after which it went on: many threads may end their slow frames together
BEGINS = 7200.0  # seconds without a first frame: slow models are measured first, engines are built
LOOK = 120.0  # seconds between two looks that count at most
KEPT_EVERY = 60.0  # seconds of standing still after which it is written down, for a process after this one
_RUNS = 10_000  # that are remembered
clock = time.time  # of the app, seconds

log = logging.getLogger("reelbrush.poll")


@dataclass(frozen=True)
class Standing:
    """For how long which counts of a run have not changed; `at` is when somebody looked last."""

    counts: tuple[int, ...]
    stood: float = 0.0  # seconds
    at: float = 0.0  # seconds since the epoch, of the app's own clock
    published: int | None = None  # segments of the batch, once half the patience is over
    kept: float = 0.0  # seconds that were written down
    since: tuple[float, int] | None = None  # seconds and painted frames of its first heartbeat with any
    patience: float = BEGINS  # seconds that it may stand, by its pace up to when it last moved
    longest: float = 0.0  # seconds that it stood, and then went on


_NOT_AT_WORK = (-1,)  # counts that no heartbeat tells
_standing: OrderedDict[tuple[str, str], Standing] = OrderedDict()  # (store, run) ->


def forget_standing(to: Services, run: str) -> None:
    """Begin anew with a run that is not at work: it ended, or waits for a node."""
    key = (to.store.uri, run)
    before = _standing.get(key)
    _remember(key, Standing(_NOT_AT_WORK, kept=before.kept if before is not None else 0.0))


def stop_stalled(to: Services, job: str, run: str, progress: BatchProgress | None) -> BatchProgress | None:
    """Look at a run that the backend says is at work; stop it where it hangs and return how it ended.

    `progress` is its heartbeat, None where there is none. None is returned for a run that goes on, also where
    it cannot be stopped now: the next look tries again. May be repeated.
    """
    key, name = (to.store.uri, run), WorkNames(job).standing(run)
    seen = _looked(_standing.get(key) or _read(to, name), progress)
    if seen.stood >= seen.patience / 2:
        published = _published(to, job, run)
        if seen.published is not None and published > seen.published:
            seen = replace(seen, stood=0.0)
        if seen.published is None or published > seen.published:
            seen = replace(seen, published=published)
    if abs(seen.stood - seen.kept) >= KEPT_EVERY:
        seen = replace(seen, kept=seen.stood)
        to.store.put_bytes(WORK, name, json.dumps(to_json(seen)).encode())
    _remember(key, seen)
    return _stop(to, job, run, progress, seen.stood) if seen.stood >= seen.patience else None


def _remember(key: tuple[str, str], seen: Standing) -> None:
    _standing.pop(key, None)  # the longest unseen are forgotten first
    _standing[key] = seen
    while len(_standing) > _RUNS:
        _standing.popitem(last=False)


def _looked(before: Standing | None, progress: BatchProgress | None) -> Standing:
    now, counts = clock(), _counts(progress)
    if before is None or before.counts == _NOT_AT_WORK:
        before, stood = Standing((), kept=before.kept if before is not None else 0.0), 0.0
    else:
        stood = before.stood + min(LOOK, max(0.0, now - before.at))
        if before.counts == counts:
            return replace(before, stood=stood, at=now)
    moved = Standing(counts, at=now, kept=before.kept, longest=max(before.longest, stood))
    if progress is None or not progress.new_frames:
        return moved
    since = before.since
    if since is None or progress.seconds <= since[0] or progress.new_frames <= since[1]:
        return replace(moved, since=(progress.seconds, progress.new_frames))
    # the pace of what came after the first frames: models and engines were loaded before them
    pace = (progress.seconds - since[0]) / (progress.new_frames - since[1])
    frames = progress.frames_total / max(1, progress.segments_total)
    return replace(moved, since=since, patience=max(STANDS, SEGMENTS * frames * pace, PAUSES * moved.longest))


def _counts(progress: BatchProgress | None) -> tuple[int, ...]:
    if progress is None:
        return ()
    return progress.segments_done, progress.frames_done, progress.new_frames


def _read(to: Services, name: str) -> Standing | None:
    text = read_if_there(to.store, WORK, name)
    try:
        return read_document(Standing, text) if text is not None else None
    except ValueError:
        return None


def _published(to: Services, job: str, run: str) -> int:
    """How many segments of the run's batch are published; the store knows should heartbeats get lost."""
    names, (generation, segments) = WorkNames(job), segments_of_run(to.store, job, run)
    wanted = {names.page(generation, index) for index in segments}
    listed = to.store.list(WORK, names.segments(generation)) if wanted else ()
    return sum(blob.name in wanted for blob in listed)


def _stop(
    to: Services, job: str, run: str, progress: BatchProgress | None, seconds: float
) -> BatchProgress | None:
    try:
        to.compute.stop(job, run)
    except ComputeError as error:
        log.warning("the run %s stands still and cannot be stopped yet: %s", run, error)
        return None
    why = (
        f"the run {run} painted no frame and published no segment for {seconds / 60:.0f} minutes, "
        "so it was stopped. What it had published stays"
    )
    log.warning("%s", why)
    last = progress or BatchProgress(run, BatchState.RUNNING, 0, 0, 0, 0, 0.0)
    ended = replace(last, state=BatchState.FAILED, error=why, error_code=STALLED, retryable=True)
    name = WorkNames(job).result(run)
    # its own last words, should it have ended in this moment, count
    if to.store.put_new_bytes(WORK, name, json.dumps(to_json(ended)).encode()):
        return ended
    try:
        return read_document(BatchProgress, to.store.read_bytes(WORK, name))
    except ValueError:  # nobody can read how it ended
        return ended
