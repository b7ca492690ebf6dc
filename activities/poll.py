"""Poll: one look at all open runs of a job."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import azure.durable_functions as df

from activities.ended import note_ended
from activities.reading import read_each
from activities.run_segments import segments_of_run
from activities.services import Services, read_page, services
from activities.stalled import STALLED, forget_standing, stop_stalled
from activities.traced import traced
from reelbrush.compute import RunStatus
from reelbrush.compute.port import EVICTED
from reelbrush.errors import ComputeError, StoreError
from reelbrush.job import BatchProgress, BatchState, WorkNames, run_id
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.job.versions import NewerVersion
from reelbrush.store import DAMAGED, read_if_there
from reelbrush.telemetry import count_evictions

bp = df.Blueprint()

TIMEOUT = "run-timeout"  # code of a run that the service stopped; see reelbrush.compute.causes
GLANCE = 0.05  # seconds between two questions whether a run has ended
CODE_CHARACTERS = 60  # of a code that a run told, passed on
LONG_TEXTS = 3  # failing batches whose message is passed on
LOG_LINES, LOG_CHARACTERS = 5, 300  # of the log passed on, of each line
_OPEN = (BatchState.QUEUED, BatchState.RUNNING)
log = logging.getLogger("reelbrush.poll")


@bp.activity_trigger(input_name="request", activity="poll_runs")
@traced("poll_runs")
async def poll_runs(request: dict) -> list:  # type: ignore[type-arg]
    """Return what was seen of each run, see `poll`.

    Request: {"job": id, "runs": [[batch index, attempt], ...], "patient"?: true for `poll_patiently`,
    "linger"?: seconds within which the look comes as soon as one of the runs has ended}.
    """
    if "linger" in request:
        await linger(services(), request["job"], request["runs"], float(request["linger"]))
    look = poll_patiently if request.get("patient") else poll
    return await asyncio.to_thread(look, services(), request["job"], request["runs"])


async def linger(to: Services, job: str, runs: list[list[int]], seconds: float) -> None:
    """Wait until one of the runs is neither queued nor running, `seconds` at most.

    For a backend that is asked without cost, since it is asked every GLANCE seconds.
    """
    ids = [run_id(job, index, attempt) for index, attempt in runs]
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        statuses = await asyncio.to_thread(to.compute.status, job, ids) if ids else {}
        if any(run not in statuses or statuses[run].state not in _OPEN for run in ids):
            return
        await asyncio.sleep(min(GLANCE, left))


def poll(to: Services, job: str, runs: list[list[int]]) -> list[dict[str, Any]]:
    """Return a short document per run.

    i index, s state, n frames done, w frames painted by this run, t seconds it took so far, p progressed,
    e: its node was taken away, code, text, final; log: the last lines of the first failed run's log.
    """
    ids = [run_id(job, index, attempt) for index, attempt in runs]
    statuses = to.compute.status(job, ids)
    looks = read_each(lambda run: _look(to, job, run, statuses.get(run)), ids)
    seen = zip(runs, ids, looks, strict=True)
    return _short(to, job, [({**look, "i": index}, run) for (index, _), run, look in seen])


def poll_patiently(to: Services, job: str, runs: list[list[int]]) -> list[dict[str, Any]]:
    """Return what `poll` does; where the cluster cannot be asked, what the store tells, and why.

    The last element is then {"blind": why} or, when asking again will not help, {"error": {code, message}};
    runs that have written nothing yet are missing.
    """
    try:
        return poll(to, job, runs)
    except ComputeError as error:
        log.warning("the runs of %s cannot be asked for: %s", job, error)
        told = {"blind": str(error)[:300]}
        if not error.retryable:
            told = {"error": {"code": error.code, "message": str(error)[:1000]}}
    looks: list[tuple[dict[str, Any], str]] = []
    for index, attempt in runs:
        run = run_id(job, index, attempt)
        found = _heard(to, job, run)
        if found is not None:
            looks.append(({**found, "i": index}, run))
    return [*_short(to, job, looks), told]


def _short(to: Services, job: str, seen: list[tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
    """Return the looks of pairs of look and run, with texts and a log for some of those that failed."""
    looks = [look for look, _ in seen]
    failed = [i for i, look in enumerate(looks) if look["s"] == BatchState.FAILED]
    for i in failed:
        looks[i]["code"] = looks[i]["code"][:CODE_CHARACTERS]
    count_evictions(sum("e" in look for look in looks))
    note_ended(to, job, seen)
    final = [i for i in failed if looks[i].get("final")]
    worded = {*failed[:LONG_TEXTS], *final[:1]}  # payloads must stay small, however many fail at once
    for i in failed:
        looks[i] |= {"text": looks[i]["text"][-400:]} if i in worded else {"code": "", "text": ""}
    for i in failed[:1]:
        looks[i]["log"] = [line[-LOG_CHARACTERS:] for line in log_lines(to, seen[i][1])]
    return [
        {key: value for key, value in look.items() if value is not False and value != ""} for look in looks
    ]


def log_lines(to: Services, run: str) -> list[str]:
    """Return the last lines of a run's log, [] when the backend cannot tell; a log is no reason to fail."""
    try:
        return to.compute.log_tail(run, LOG_LINES).splitlines()[-LOG_LINES:]
    except Exception as error:
        log.warning("the log of %s cannot be read: %s", run, error)
        return []


def _look(to: Services, job: str, run: str, status: RunStatus | None) -> dict[str, Any]:
    names = WorkNames(job)
    result = _result(to, job, run)
    if result is not None and not _overruled(result, status):
        return _ended(to, job, run, result)
    if status is None:
        return {"s": BatchState.CANCELED, "n": 0}  # the backend forgot it: submit again
    progress = _read(to, names.progress(run)) or result
    if progress is None:
        seen: dict[str, Any] = {"n": 0}
    else:
        seen = {"n": progress.frames_done, **_spent(progress)}
    if status.state is BatchState.RUNNING:
        ended = stop_stalled(to, job, run, progress)
        if ended is not None:
            return _ended(to, job, run, ended)
    else:
        forget_standing(to, run)
    if status.state in _OPEN:
        painted = progress.new_frames if progress is not None else 0
        return {**seen, "s": status.state, "n": max(seen["n"], painted)}
    if status.state is BatchState.CANCELED:
        return {**seen, "s": BatchState.CANCELED} | ({"e": 1} if status.code == EVICTED else {})
    text = status.error or f"the run {run} ended without saying how"
    published = _published(to, job, run)
    lost = {**seen, "s": BatchState.FAILED, "p": published, "code": status.code or "run-lost", "text": text}
    return lost if status.retryable else {**lost, "final": 1}


def _overruled(result: BatchProgress, status: RunStatus | None) -> bool:
    """Whether what the backend says of a run counts, although the run has left a result.

    A run that was stopped does not know why: its node may have been taken away, and the service may start it
    again, or its time was over, which is its failure. With its node a run may also lose what it works with.
    """
    if status is None or result.state is BatchState.DONE:
        return False
    if result.state is BatchState.CANCELED:
        return status.state in (BatchState.QUEUED, BatchState.RUNNING) or status.code in (EVICTED, TIMEOUT)
    # a run that hung is canceled by the app, which the backend takes for the loss of its node
    return result.retryable and status.code == EVICTED and result.error_code != STALLED


def _heard(to: Services, job: str, run: str) -> dict[str, Any] | None:
    """Return what a run itself has written; None when that is nothing or it may have been started again."""
    names = WorkNames(job)
    result = _result(to, job, run)
    if result is not None:
        return _ended(to, job, run, result) if result.state is not BatchState.CANCELED else None
    progress = _read(to, names.progress(run))
    if progress is None or progress.state is not BatchState.RUNNING:
        return None
    frames = max(progress.frames_done, progress.new_frames)
    return {"n": frames, **_spent(progress), "s": BatchState.RUNNING}


def _spent(progress: BatchProgress) -> dict[str, Any]:
    """Work and time of the run, left out while there is none: answers of a hundred runs must stay small."""
    seconds = round(progress.seconds, 1 if progress.seconds < 100 else None)
    return ({"w": progress.new_frames} if progress.new_frames else {}) | ({"t": seconds} if seconds else {})


def _ended(to: Services, job: str, run: str, result: BatchProgress) -> dict[str, Any]:
    look: dict[str, Any] = {"s": result.state, "n": result.frames_done, **_spent(result)}
    if result.state is BatchState.FAILED:
        look |= {
            "code": result.error_code or "scoring",
            "text": result.error or "",
            "p": _published(to, job, run),
        }
        if not result.retryable:
            look["final"] = 1
    return look


def _result(to: Services, job: str, run: str) -> BatchProgress | None:
    """Return the result of a run; one that only a newer release can read ends its job."""
    try:
        return _read(to, WorkNames(job).result(run), newer_too=True)
    except NewerVersion as error:
        failed, code = BatchState.FAILED, error.code
        return BatchProgress(run, failed, 0, 0, 0, 0, 0.0, error=str(error), error_code=code, retryable=False)


def _read(to: Services, name: str, newer_too: bool = False) -> BatchProgress | None:
    """Return what a run has written; what cannot be read tells nothing, unless NewerVersion is asked for."""
    text = read_if_there(to.store, WORK, name)
    try:
        return read_document(BatchProgress, text) if text is not None else None
    except ValueError as error:
        if newer_too and isinstance(error, NewerVersion):
            raise
        log.warning("%s cannot be read: %s", name, error)
        return None


def _published(to: Services, job: str, run: str) -> bool:
    """Whether the run published any segment; only asked for runs that failed."""
    generation, segments = segments_of_run(to.store, job, run)
    for index in segments:
        try:
            if read_page(to.store, job, generation, index).run == run:
                return True
        except StoreError as error:
            if error.code not in ("blob-missing", "bad-name", DAMAGED):
                raise
    return False
