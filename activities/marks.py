"""Marks in the store by which the steps of a job, its cancellation and the upkeep agree."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from reelbrush.job import WorkNames, ended_name, stamped_jobs
from reelbrush.job.names import CANCELING, QUEUE, WORK
from reelbrush.store import Store, read_if_there, read_object_if_there

CANCELED, FINISHED = "canceled", "finished"
LOOK_SECONDS = 2.0  # between two looks of a long step
_TOLD = b"told"


class JobCanceled(Exception):
    """A long step found its job canceled while it was at work."""


class CancelWatch:
    """Looks at the mark of a job now and then during a long step."""

    def __init__(self, store: Store, job: str) -> None:
        self._store, self._job = store, job
        self._looked = time.monotonic()

    def check(self, *_: object) -> None:
        """Raise JobCanceled when the job was canceled; takes what callbacks of progress are given."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            if is_canceled(self._store, self._job):
                raise JobCanceled


def decide(store: Store, job: str, end: str) -> str:
    """Let the job end as `end`, CANCELED or FINISHED, unless that was decided before; return what holds."""
    document = {"end": end, "at": datetime.now(UTC).isoformat(timespec="milliseconds")}
    if store.put_new_bytes(WORK, WorkNames(job).cancel, json.dumps(document).encode()):
        return end
    return _decision(store, job) or end


def is_canceled(store: Store, job: str) -> bool:
    """Whether the job was canceled and not retried since."""
    return _decision(store, job) == CANCELED


def note_end(store: Store, job: str, tickets: Sequence[str] | None = None) -> None:
    """Note that the job ended now and give its place in the queue to the next one. May be repeated.

    With `tickets` only these are given away, since the job may be asked for again in this moment.
    """
    store.put_bytes(WORK, ended_name(time.time_ns() // 1_000_000, job), b"")
    for ticket in tickets_of(store, job) if tickets is None else tickets:
        store.delete(WORK, ticket)


def tickets_of(store: Store, job: str) -> list[str]:
    """Return the names of the job's tickets; more than one only while it is asked for twice at once."""
    return entries_of(store, QUEUE, job)


def entries_of(store: Store, folder: str, job: str) -> list[str]:
    """Return the names in a folder of `work/`, such as QUEUE or INDEX, that carry a time and the job's id."""
    entries = stamped_jobs(blob.name for blob in store.list(WORK, folder))
    return [name for name, _, owner in entries if owner == job]


def note_canceling(store: Store, job: str) -> None:
    """Ask the upkeep to see to it that nothing of the job goes on, and that its cancellation is told."""
    store.put_new_bytes(WORK, CANCELING + job, b"")


def note_run_left(store: Store, job: str) -> None:
    """Ask the upkeep to stop the runs of a canceled job once more; the cancellation was told before."""
    store.put_new_bytes(WORK, CANCELING + job, _TOLD)


def note_told(store: Store, job: str) -> None:
    """Note that the event of the job's cancellation is in the outbox."""
    store.put_bytes(WORK, CANCELING + job, _TOLD)


def is_told(store: Store, job: str) -> bool:
    """Whether that was noted, or there is no cancellation that is to be completed."""
    return read_if_there(store, WORK, CANCELING + job) in (_TOLD, None)


def forget_canceling(store: Store, job: str) -> None:
    """Note that there is nothing to be completed."""
    store.delete(WORK, CANCELING + job)


def _decision(store: Store, job: str) -> str:
    """Return CANCELED, FINISHED, or "" where nothing was decided, or nobody can tell what any more."""
    found = read_object_if_there(store, WORK, WorkNames(job).cancel)
    end = "" if found is None else found.get("end", CANCELED)
    return end if end in (CANCELED, FINISHED) else ""
