"""Scoring: all batches submitted, looked at, submitted again where runs were lost, until all are proven."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from orchestrators.batches import (
    BatchEntry,
    Look,
    frames_done,
    is_lost,
    letters,
    newly_spent,
    seen,
    submitted,
    wants_retry,
)
from orchestrators.course import RETRY, Course, JobFailed, Steps, Stopped, unexpected
from orchestrators.outage import ask_why, evictions_of, note_blindness
from orchestrators.pace import poll_pause
from orchestrators.planning import is_spent, overspent
from reelbrush.job import BatchState, run_id
from reelbrush.job.eta import WINDOW

TICKS = 10  # polls of one execution; every turn replays them all
LOG_CHARACTERS = 120  # of a line of the log that is carried along, since payloads must stay small


def score(course: Course, work: dict[str, Any]) -> Steps:
    """Run batches until all are proven: {}; an error otherwise; None when continued as new."""
    context, request = course.context, course.request
    entries = [BatchEntry.unpack(values) for values in work["entries"]]
    waiting = [e for e in entries if is_lost(e)]
    for tick in range(TICKS + 1):
        entries = yield from _submit(course, work, entries, waiting)
        work.update(entries=[entry.pack() for entry in entries])
        course.show("scoring")
        if all(entry.state is BatchState.DONE for entry in entries):
            return {}
        if tick == TICKS:
            context.continue_as_new({**request, "scoring": work})
            return None
        now = context.current_utc_datetime
        work.setdefault("since", [now.isoformat(), frames_done(entries)])
        pause = poll_pause(request["pollSeconds"], work["frames"], frames_done(entries), work["since"], now)
        runs = [
            [e.batch.index, e.attempt] for e in entries if e.state is not BatchState.DONE and not is_lost(e)
        ]
        linger = {"linger": pause.total_seconds()} if course.lingers and runs else {}
        if not linger:
            yield context.create_timer(now + pause)
        looks, trouble = yield from _look(course, work, runs, **linger)
        moment = context.current_utc_datetime
        _measure(work, entries, looks, moment)
        entries = [seen(e, looks[e.batch.index]) if e.batch.index in looks else e for e in entries]
        _note_progress(work, entries, moment)
        lost = [e for e in entries if is_lost(e) and e.batch.index in looks]
        work["retries"] += len(lost)
        _note_error(course, work, lost, looks)
        final = [e for e in lost if not wants_retry(e, looks[e.batch.index], request["attempts"])]
        error = trouble or _ending(work, entries, [looks[e.batch.index] for e in final])
        if error:
            work.update(entries=[entry.pack() for entry in entries])
            yield from course.stop_runs()
            return error
        if course.plans:
            entries = yield from ask_why(course, work, entries, moment)
        waiting = [e for e in entries if is_lost(e)]
    return {}


def reopen(work: dict[str, Any], missing: list[list[int]]) -> None:
    """Mark the batches that hold `missing` segments, pairs of first and last, as failed: submitted again."""
    packed: list[list[Any]] = []
    for entry in map(BatchEntry.unpack, work["entries"]):
        first, last = entry.batch.first_segment, entry.batch.first_segment + entry.batch.segment_count - 1
        lost = sum(max(0, min(b, last) - max(a, first) + 1) for a, b in missing)
        if lost:
            frames = entry.batch.frame_count * (entry.batch.segment_count - lost) // entry.batch.segment_count
            entry = replace(entry, state=BatchState.FAILED, frames_done=frames)
        packed.append(entry.pack())
    work.update(entries=packed, retries=work["retries"] + 1, rounds=work["rounds"] + 1)


def _look(course: Course, work: dict[str, Any], runs: list[list[int]], **how: Any) -> Steps:
    """Look at `runs`; return what was seen of them, by index of the batch, and an error that ends the job.

    `how` goes to the step as it is. While the cluster cannot be asked, only some runs may be seen: by what
    they wrote to the store.
    """
    asked = {"job": course.job, "runs": runs, **how} | ({"patient": True} if course.plans else {})
    answers: list[dict[str, Any]] = yield from course.step("poll_runs", stop=True, **asked)
    seen_now = [answer for answer in answers if "i" in answer]
    about: dict[str, Any] = next((answer for answer in answers if "i" not in answer), {})
    error = about.get("error")
    if course.plans and not error:
        error = note_blindness(
            work, str(about.get("blind") or work.get("unsent", "")), course.context.current_utc_datetime
        )
    return {look.index: look for look in map(Look.unpack, seen_now)}, error


def _ending(work: dict[str, Any], entries: list[BatchEntry], final: list[Look]) -> dict[str, Any] | None:
    """Return the error that ends the job after a poll, None when it goes on."""
    if final:
        look = final[0]
        if look.state is BatchState.CANCELED:
            return _too_often(next(e for e in entries if e.batch.index == look.index), look)
        return {"code": look.code or "scoring", "message": look.message, "batch": look.index}
    if is_spent(work) and any(entry.state is not BatchState.DONE for entry in entries):
        work.update(entries=[entry.pack() for entry in entries])
        return overspent(work)
    return None


def _too_often(entry: BatchEntry, look: Look) -> dict[str, Any]:
    message = f"runs of batch {look.index} were stopped {entry.interruptions} times"
    if entry.evictions:
        message += f", {entry.evictions} times since their node was taken away. Choose dedicated nodes, "
        message += "or name a dedicated cluster by REELBRUSH_DEDICATED_CLUSTER, and retry the job"
    code = "evicted" if look.evicted else "interrupted"
    return {"code": code, "message": message, "batch": look.index}


def _submit(
    course: Course, work: dict[str, Any], entries: list[BatchEntry], waiting: list[BatchEntry]
) -> Steps:
    """Submit the next attempt of `waiting`, longest first, all in parallel; return the updated entries.

    Those that the cluster could not take now stay as they are, so that the same runs are submitted later.
    """
    if not waiting:
        return entries
    context = course.context
    work.setdefault("submittedAt", context.current_utc_datetime.isoformat())
    order = sorted(waiting, key=lambda e: (-e.batch.frame_count, e.batch.index))
    started = {entry.batch.index: submitted(entry) for entry in order}
    calls = [
        context.call_activity_with_retry("submit_run", RETRY, _submission(course, work, e))
        for e in started.values()
    ]
    try:
        answers = yield context.task_all(calls)
    except Exception as error:
        yield from course.stop_runs()
        raise JobFailed(unexpected("submit_run", error)) from None
    if "" in answers:
        raise Stopped
    answers = [answer if isinstance(answer, dict) else {} for answer in answers]
    refused = [answer["error"] for answer in answers if "error" in answer]
    if refused:
        yield from course.stop_runs()
        raise JobFailed(refused[0])
    later = {entry.batch.index for entry, answer in zip(order, answers, strict=True) if "later" in answer}
    work.pop("unsent", None)
    for answer in answers:
        if "later" in answer:
            work["unsent"] = answer["later"][:200]
    return [
        entry if entry.batch.index in later else started.get(entry.batch.index, entry) for entry in entries
    ]


def _submission(course: Course, work: dict[str, Any], entry: BatchEntry) -> dict[str, Any]:
    request = {
        "job": course.request["job"],
        "batch": entry.pack()[:4],
        "attempt": entry.attempt,
        "run": run_id(course.job, entry.batch.index, entry.attempt),
    }
    if course.plans:
        evictions = evictions_of(course, work, entry)
        request |= {"evictions": evictions, "nodes": work.get("nodes", 1), "patient": True}
    return request


def _measure(work: dict[str, Any], entries: list[BatchEntry], looks: dict[int, Look], now: datetime) -> None:
    """Add what the looks tell of painted frames and node time; `entries` are as before the looks."""
    pairs = [(e, looks[e.batch.index]) for e in entries if e.batch.index in looks]
    spent = sum(newly_spent(e, look) for e, look in pairs)
    work["nodeSeconds"] = round(work.get("nodeSeconds", 0.0) + spent * work.get("nodes", 1), 1)
    evicted = sum(look.evicted for _, look in pairs)
    if evicted:
        work["evictions"] = work.get("evictions", 0) + evicted
    # frames and seconds of the same two heartbeats of a run, the first of which came after its start
    busy = [(e, look) for e, look in pairs if e.painted and look.seconds > e.seconds]
    if busy or any(look.painted for _, look in pairs):
        seconds, frames = work["samples"][-1] if work.get("samples") else (0.0, 0)
        seconds = round(seconds + sum(look.seconds - e.seconds for e, look in busy), 1)
        sample = [seconds, frames + sum(max(0, look.painted - e.painted) for e, look in busy)]
        if sample not in work.get("samples", [])[-1:]:
            work["samples"] = [*work.get("samples", []), sample][-WINDOW:]
    began = [look.seconds for _, look in pairs if look.seconds or look.state is BatchState.RUNNING]
    if began and "queueSeconds" not in work and "submittedAt" in work:
        waited = (now - datetime.fromisoformat(work["submittedAt"])).total_seconds() - max(began)
        work["queueSeconds"] = round(work.get("admittedAfter", 0.0) + max(0.0, waited), 1)


def _note_progress(work: dict[str, Any], entries: list[BatchEntry], now: datetime) -> None:
    """Note when anything changed last, by which a job that is stuck is told from a slow one."""
    painted = sum(entry.painted for entry in entries)
    seen_now = f"{frames_done(entries)} {painted} {letters(entries)}"
    if work.get("progress") != seen_now:
        work.update(progress=seen_now, progressAt=now.isoformat(timespec="milliseconds"))


def _note_error(
    course: Course, work: dict[str, Any], waiting: list[BatchEntry], looks: dict[int, Look]
) -> None:
    """Keep the latest failure for people, even when it costs nothing but another attempt."""
    for entry in waiting:
        look = looks[entry.batch.index]
        if entry.state is BatchState.FAILED and look.message:
            work["lastError"] = {
                "code": look.code or "scoring",
                "message": look.message,
                "batch": look.index,
                "run": run_id(course.job, look.index, entry.attempt),
                "log": [line[-LOG_CHARACTERS:] for line in look.log],
            }
            return
