"""The way of one upload: wait for its turn, split, plan, score in batches, stitch, finish.

The instance continues as new every few polls, carrying its state in its input, so that the history of a job
of any length stays short. Waiting is done by timers only; no timer is ever left open.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import azure.durable_functions as df

from orchestrators.admission import wait_for_turn
from orchestrators.approval import wait_for_approval
from orchestrators.batches import BatchEntry
from orchestrators.course import Course, JobFailed, Steps, Stopped
from orchestrators.planning import PROBING, WANTED, plan
from orchestrators.scoring import reopen, score
from reelbrush.job import ATTEMPTS, Batch, BatchState
from reelbrush.job.versions import RELEASE, NewerVersion, check_version

bp = df.Blueprint()

STITCH_ROUNDS = 3  # how often segments that fail verification are scored again
RETRY_STEP = 2 * ATTEMPTS  # attempt numbers set aside for each retry of a job
CAREFUL_STEP = ATTEMPTS  # and for the runs after a careful split
STOP_SECONDS = 60  # between two signs of life of a job that waits for its termination


@bp.orchestration_trigger(context_name="context", orchestration="stylize_video")
def stylize_video(context: df.DurableOrchestrationContext) -> Steps:
    """Orchestrate one job. Input: see `function_app.start.orchestration_input`; "scoring" when continued.

    An upload that cannot become a job comes with "error" and fails at once, visibly.
    """
    request = cast("dict[str, Any]", context.get_input())
    course = Course(context, request, request.get("scoring") or None)
    try:
        if "error" in request:
            raise JobFailed(request["error"])
        check_version("this job", request.get("release"), RELEASE)
        if request.get("stopping"):
            course.phase = request["stopping"]
            raise Stopped
        return (yield from _work(course))
    except NewerVersion as newer:
        failure, course.work = JobFailed({"code": newer.code, "message": str(newer)}), None
        yield from _fail(course, failure.error)
        raise failure from None
    except JobFailed as failure:
        yield from _fail(course, failure.error)
        raise
    except Stopped:
        course.show(course.phase, summary="stopping")
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=STOP_SECONDS))
        context.continue_as_new({**request, "stopping": course.phase})
        return None


def _work(course: Course) -> Steps:
    """Do the whole job and return its receipt; None when continued as new."""
    work = course.work
    if work is None:
        waited = 0.0
        if course.queues:
            waited = yield from wait_for_turn(course)
            if waited is None:
                return None
            yield from course.tell("started", {"source": course.request["job"]["source"]["name"]})
        work = yield from _split(course, careful=False)
        work["admittedAfter"] = waited
    elif "awaiting" in course.request:
        return (yield from wait_for_approval(course))
    elif "queuedAt" in course.request:
        if (yield from wait_for_turn(course)) is None:
            return None
        del course.request["queuedAt"]
    while work["rounds"] < STITCH_ROUNDS:
        course.work = work
        if work.get("plan") == WANTED:
            awaiting = yield from plan(course, work)
            if awaiting is not None:
                course.context.continue_as_new({**course.request, "scoring": work, "awaiting": awaiting})
                return None
        ended = yield from score(course, work)
        if ended is None:
            return None
        if ended.get("code") == "source-damaged" and not work["careful"]:
            work = yield from _split(course, careful=True)
            continue
        if ended:
            raise JobFailed(ended)
        if work.get("plan") == PROBING:
            work["plan"] = WANTED
            continue
        course.show("stitching")
        stitched = yield from course.step("stitch_video", job=course.request["job"])
        if "result" in stitched:
            return (yield from _finish(course, work, stitched["result"]))
        if "missing" not in stitched:
            raise JobFailed(stitched["error"])
        reopen(work, stitched["missing"])
    raise JobFailed({"code": "stitch", "message": "segments keep failing verification"})


def _split(course: Course, careful: bool) -> Steps:
    """Split and return the state that scoring begins with; totals of what was scored before are kept."""
    before, course.work = course.work or {}, None
    if "nodeSeconds" in before:
        course.request["nodeSeconds"] = before["nodeSeconds"]  # a retry counts it, wherever this ends
    course.show("splitting")
    first = course.request.get("retry", 0) * RETRY_STEP + (CAREFUL_STEP if careful else 0)
    unplanned = {"plan": False} if course.plans else {}
    split = yield from course.step("split_video", job=course.request["job"], careful=careful, **unplanned)
    if "error" in split:
        raise JobFailed(split["error"])
    batches = [] if course.plans else split["batches"]
    entries = [BatchEntry(Batch(*batch), first, state=BatchState.CANCELED) for batch in batches]
    kept = ("admittedAfter", "nodeSeconds", "queueSeconds", "evictions", "moved")
    return {
        "nodeSeconds": course.request.get("nodeSeconds", 0.0),  # of the tries before this one
        **{name: before[name] for name in kept if name in before},
        "careful": careful,
        "frames": split["frames"],
        "input": split["input"],
        "entries": [entry.pack() for entry in entries],
        "retries": 0,
        "rounds": 0,
        **({"plan": WANTED, "attempt": first} if course.plans else {}),
    }


def _finish(course: Course, work: dict[str, Any], result: dict[str, Any]) -> Steps:
    receipt = yield from course.step(
        "finish_job",
        job=course.request["job"],
        result=result,
        retries=work["retries"],
        nodeSeconds=round(work.get("nodeSeconds", 0.0), 1),
        attempts=[BatchEntry.unpack(values).attempt for values in work["entries"]],
        **{name: work[name] for name in ("evictions", "quote", "nodes") if name in work},
    )
    course.show("done", result=receipt)
    yield from course.tell("finished", {"result": receipt})
    return receipt


def _fail(course: Course, error: dict[str, Any]) -> Steps:
    """Show why the job failed, give its place in the queue away, tell it."""
    course.show("failed", summary=error["message"][:400], error=error)
    if course.queues:
        yield from course.attempt("close_job", job=course.job)
        yield from course.tell("failed", {"error": error})
