"""The way of one upload: split, score in batches, stitch, finish.

The instance continues as new every `TICKS` polls, carrying its state in its input, so that the history of a
job of any length stays short. Waiting is done by timers only; no timer is ever left open.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NoReturn, cast

import azure.durable_functions as df

from orchestrators.batches import ATTEMPTS, BatchEntry, Look, frames_done, seen, submitted, wants_retry
from orchestrators.pace import poll_pause
from orchestrators.status import show
from reelbrush.job import BatchState, run_id

bp = df.Blueprint()

TICKS = 10  # polls of one execution; every turn replays them all
RETRY = df.RetryOptions(3000, 4)  # of every activity: milliseconds between tries, tries
STITCH_ROUNDS = 3  # how often segments that fail verification are scored again
RETRY_STEP = 2 * ATTEMPTS  # attempt numbers set aside for each retry of a job
CAREFUL_STEP = ATTEMPTS  # and for the runs after a careful split

Steps = Generator[Any, Any, Any]


class JobFailed(Exception):
    """Ends the orchestration as Failed. The reason for people stands in the custom status."""


@bp.orchestration_trigger(context_name="context", orchestration="stylize_video")
def stylize_video(context: df.DurableOrchestrationContext) -> Steps:
    """Orchestrate one job. Input: {"job", "pollSeconds", "attempts", "retry"}, "scoring" when continued.

    An upload that cannot become a job comes with "error" and fails at once, visibly.
    """
    request = cast("dict[str, Any]", context.get_input())
    if "error" in request:
        _fail(context, request["error"])
    work: dict[str, Any] = request.get("scoring") or {}
    if not work:
        work = yield from _split(context, request, careful=False)
    while work["rounds"] < STITCH_ROUNDS:
        ended = yield from _score(context, request, work)
        if ended is None:
            return None  # continued as new
        if ended.get("code") == "source-damaged" and not work["careful"]:
            work = yield from _split(context, request, careful=True)
            continue
        if ended:
            _fail(context, ended)
        show(context, "stitching", work)
        stitched = yield from _step(context, "stitch_video", {"job": request["job"]})
        if "result" in stitched:
            summary = {"job": request["job"], "result": stitched["result"], "retries": work["retries"]}
            receipt = yield from _step(context, "finish_job", summary)
            show(context, "done", work, result=receipt)
            return receipt
        if "missing" not in stitched:
            _fail(context, stitched["error"])
        work = {**_reopen(work, stitched["missing"]), "rounds": work["rounds"] + 1}
    _fail(context, {"code": "stitch", "message": "segments keep failing verification"})


def _step(
    context: df.DurableOrchestrationContext, activity: str, payload: dict[str, Any], stop: str = ""
) -> Steps:
    """Call an activity; when it keeps failing unexpectedly, the job fails with its text.

    Before that the runs of job `stop`, if one is named, are canceled, so that none goes on for nothing.
    """
    try:
        return (yield context.call_activity_with_retry(activity, RETRY, payload))
    except Exception as error:
        if stop:
            yield from _try_to_stop(context, stop)
        _fail(context, _unexpected(activity, error))


def _try_to_stop(context: df.DurableOrchestrationContext, job: str) -> Steps:
    try:
        yield context.call_activity_with_retry("cancel_runs", RETRY, {"job": job})
    except Exception:
        return  # the job's own error is the one to tell


def _unexpected(activity: str, error: Exception) -> dict[str, Any]:
    first = str(error).strip().splitlines()[0][:500] if str(error).strip() else type(error).__name__
    return {"code": "internal", "message": f"the step {activity} kept failing: {first}"}


def _split(context: df.DurableOrchestrationContext, request: dict[str, Any], careful: bool) -> Steps:
    show(context, "splitting", None)
    first = request.get("retry", 0) * RETRY_STEP + (CAREFUL_STEP if careful else 0)
    split = yield from _step(context, "split_video", {"job": request["job"], "careful": careful})
    if "error" in split:
        _fail(context, split["error"])
    entries = [
        BatchEntry.unpack([*batch, first, 0, 0, BatchState.CANCELED.value, 0]) for batch in split["batches"]
    ]
    return {
        "careful": careful,
        "frames": split["frames"],
        "input": split["input"],
        "entries": [entry.pack() for entry in entries],
        "retries": 0,
        "rounds": 0,
    }


def _score(context: df.DurableOrchestrationContext, request: dict[str, Any], work: dict[str, Any]) -> Steps:
    """Run batches until all are proven: {}; an error otherwise; None when continued as new."""
    entries = [BatchEntry.unpack(values) for values in work["entries"]]
    waiting = [e for e in entries if e.state in (BatchState.FAILED, BatchState.CANCELED)]
    for tick in range(TICKS + 1):
        entries = yield from _submit(context, request, entries, waiting)
        work.update(entries=[entry.pack() for entry in entries])
        show(context, "scoring", work)
        if all(entry.state is BatchState.DONE for entry in entries):
            return {}
        if tick == TICKS:
            context.continue_as_new({**request, "scoring": work})
            return None
        now = context.current_utc_datetime
        work.setdefault("since", [now.isoformat(), frames_done(entries)])
        pause = poll_pause(request["pollSeconds"], work["frames"], frames_done(entries), work["since"], now)
        yield context.create_timer(now + pause)
        runs = [[e.batch.index, e.attempt] for e in entries if e.state is not BatchState.DONE]
        looks_data = yield from _step(
            context, "poll_runs", {"job": request["job"]["id"], "runs": runs}, stop=request["job"]["id"]
        )
        looks = {look.index: look for look in map(Look.unpack, looks_data)}
        entries = [seen(e, looks[e.batch.index]) if e.batch.index in looks else e for e in entries]
        waiting = [e for e in entries if e.state in (BatchState.FAILED, BatchState.CANCELED)]
        work["retries"] += len(waiting)
        final = [e for e in waiting if not wants_retry(e, looks[e.batch.index], request["attempts"])]
        if final:
            work.update(entries=[entry.pack() for entry in entries])
            yield from _try_to_stop(context, request["job"]["id"])
            look = looks[final[0].batch.index]
            return {"code": look.code or "scoring", "message": look.message, "batch": look.index}
    return {}


def _submit(
    context: df.DurableOrchestrationContext,
    request: dict[str, Any],
    entries: list[BatchEntry],
    waiting: list[BatchEntry],
) -> Steps:
    """Submit the next attempt of `waiting`, longest first, all in parallel; return the updated entries."""
    if not waiting:
        return entries
    order = sorted(waiting, key=lambda e: (-e.batch.frame_count, e.batch.index))
    started = {entry.batch.index: submitted(entry) for entry in order}
    calls = [
        context.call_activity_with_retry(
            "submit_run",
            RETRY,
            {
                "job": request["job"],
                "batch": e.pack()[:4],
                "attempt": e.attempt,
                "run": run_id(request["job"]["id"], e.batch.index, e.attempt),
            },
        )
        for e in started.values()
    ]
    try:
        yield context.task_all(calls)
    except Exception as error:
        yield from _try_to_stop(context, request["job"]["id"])
        _fail(context, _unexpected("submit_run", error))
    return [started.get(entry.batch.index, entry) for entry in entries]


def _reopen(work: dict[str, Any], missing: list[list[int]]) -> dict[str, Any]:
    """Mark the batches that hold `missing` segments, pairs of first and last, as failed: submitted again."""
    packed: list[list[Any]] = []
    for entry in map(BatchEntry.unpack, work["entries"]):
        first, last = entry.batch.first_segment, entry.batch.first_segment + entry.batch.segment_count - 1
        values = entry.pack()
        if any(a <= last and first <= b for a, b in missing):
            values[7] = BatchState.FAILED.value
        packed.append(values)
    return {**work, "entries": packed, "retries": work["retries"] + 1}


def _fail(context: df.DurableOrchestrationContext, error: dict[str, Any]) -> NoReturn:
    context.set_custom_status({"summary": error["message"][:400], "phase": "failed", "error": error})
    raise JobFailed(error["message"])
