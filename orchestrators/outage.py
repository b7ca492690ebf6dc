"""When no node works on a job, or its cluster cannot be asked: how long to wait, and what then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from orchestrators.batches import BatchEntry
from orchestrators.course import Course, JobFailed, Steps
from reelbrush.job import BatchState

BLIND_HOURS = 2  # without an answer of the cluster and without any progress, after which the job fails
LOOK = timedelta(minutes=30)


def note_blindness(work: dict[str, Any], words: str, now: datetime) -> dict[str, Any] | None:
    """Note whether the cluster could be asked, "" when it could; return an error when it could not for long.

    Progress that the store tells of meanwhile keeps the job alive: runs work on without the control plane.
    Only time between two looks counts, and no more than LOOK of it: a clock may be set, a machine asleep.
    """
    before = work.pop("blindAt", None)
    if not words:
        work.pop("blindFor", None)
        if work.pop("blindSince", None) is not None:
            work.pop("waiting", None)
        return None
    since = work.setdefault("blindSince", now.isoformat())
    work["waiting"] = f"the cluster cannot be asked: {words[:200]}"
    work["blindAt"] = now.isoformat(timespec="milliseconds")
    if before is not None and work.get("progressAt", "") >= before:
        work["blindFor"] = 0
    passed = max(timedelta(), min(LOOK, now - datetime.fromisoformat(before or since)))
    work["blindFor"] = round(work.get("blindFor", 0) + passed.total_seconds(), 1)
    if work["blindFor"] <= BLIND_HOURS * 3600:
        return None
    message = f"for {BLIND_HOURS} hours the cluster could not be asked and nothing was painted: {words}"
    return {"code": "unavailable", "message": message[:1000]}


def ask_why(course: Course, work: dict[str, Any], entries: list[BatchEntry], now: datetime) -> Steps:
    """Ask the cluster why nothing runs, once that has lasted `queueMinutes`; return the entries.

    With a dedicated cluster all waiting runs are stopped and go there at once, as do all later ones of the
    job; see `evictions_of`.
    Raises JobFailed with the cluster's own words otherwise.
    """
    states = {entry.state for entry in entries}
    if BatchState.RUNNING in states or BatchState.QUEUED not in states:
        if "blindSince" not in work:
            work.pop("waiting", None)
        return entries
    began = max(work.get(name, "") for name in ("progressAt", "askedAt", "submittedAt"))
    limit = timedelta(minutes=course.request["queueMinutes"])
    if not began or now - datetime.fromisoformat(began) < limit:
        return entries
    work["askedAt"] = now.isoformat(timespec="milliseconds")
    answer = yield from course.attempt("ask_compute", job=course.job)
    if not answer:
        return entries
    work["waiting"] = answer["text"][:300]
    if "error" not in answer:
        return entries
    if not answer.get("dedicated") or work.get("moved"):
        yield from course.stop_runs()
        raise JobFailed(answer["error"])
    work["moved"] = 1
    yield from course.stop_runs()
    return [replace(e, state=BatchState.CANCELED) if e.state is BatchState.QUEUED else e for e in entries]


def evictions_of(course: Course, work: dict[str, Any], entry: BatchEntry) -> int:
    """Return the evictions by which the cluster of the batch's next run is chosen.

    Once the job has moved, all its later runs count as evicted often enough for the dedicated cluster.
    """
    return max(entry.evictions, int(course.request["evictions"])) if work.get("moved") else entry.evictions
