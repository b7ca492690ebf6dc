"""Planning: batches by the measured rate, after a small one that measures it; what the job may cost."""

from __future__ import annotations

from typing import Any

from orchestrators.batches import BatchEntry, frames_done
from orchestrators.course import Course, JobFailed, Steps
from reelbrush.job import Batch, BatchState

WANTED, PROBING = "wanted", "probing"  # values of "plan" in the state; absent once all is planned
QUOTED = ("frames", "batches", "nodes", "device", "measured", "gpuHours", "minutes", "cost")
REASONS, REASON = 4, 200  # shown while an approval is awaited, characters of each


def plan(course: Course, work: dict[str, Any]) -> Steps:
    """Add batches to the state; return None, or what an approval is awaited for: see `custom status`.

    A plan that asks for a probe holds one small batch, and the rest is planned when that is scored. Raises
    JobFailed when the job would cost more than it may.
    """
    entries = [BatchEntry.unpack(values) for values in work["entries"]]
    first = sum(entry.batch.segment_count for entry in entries)
    since = course.context.current_utc_datetime.isoformat()
    answer = yield from course.step(
        "plan_job",
        job=course.request["job"],
        first=first,
        index=len(entries),
        retry=course.request.get("retry", 0),
        careful=work["careful"],
        spent=work.setdefault("spentBefore", work.get("nodeSeconds", 0.0)),
    )
    if "error" in answer:
        raise JobFailed(answer["error"])
    work["quote"] = {name: answer["quote"][name] for name in QUOTED if name in answer["quote"]}
    work["nodes"] = int(answer.get("nodes", 1))
    work.pop("budget", None)
    if "budgetSeconds" in answer:
        work["budget"] = float(answer["budgetSeconds"])
    verdict = answer.get("guard", "ok")
    if verdict == "ok" and is_spent(work):
        verdict = course.request.get("overCost", "approve")
    if verdict == "refuse":
        raise JobFailed(_too_dear(work, answer))
    if verdict == "approve":
        return {"since": since, "seen": answer.get("approvedAt"), "approval": _asked(work, answer)}
    if not answer["batches"]:
        raise JobFailed({"code": "plan", "message": "the plan holds no batch although segments are left"})
    new = [BatchEntry(Batch(*b), work["attempt"], state=BatchState.CANCELED) for b in answer["batches"]]
    work["entries"] = [entry.pack() for entry in (*entries, *new)]
    if answer.get("probe"):
        work["plan"] = PROBING
    else:
        work.pop("plan", None)
    return None


def is_spent(work: dict[str, Any]) -> bool:
    """Whether the nodes' time has reached what may be spent."""
    return "budget" in work and work.get("nodeSeconds", 0.0) >= work["budget"]


def overspent(work: dict[str, Any]) -> dict[str, Any]:
    """Return the error of a job that has spent what it may."""
    entries = [BatchEntry.unpack(values) for values in work["entries"]]
    spent, limit = work["nodeSeconds"] / 3600, work["budget"] / 3600
    message = (
        f"the job was stopped at its limit of cost: it has spent {spent:.2f} node hours of {limit:.2f}. "
        f"{frames_done(entries)} of {work['frames']} frames are done and kept; to go on, retry the job and "
        "approve a higher cost, or raise REELBRUSH_MAX_COST"
    )
    return {"code": "over-budget", "message": message}


def _too_dear(work: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    if is_spent(work):
        return overspent(work)
    spent, reason = work.get("nodeSeconds", 0.0) / 3600, " ".join(answer.get("reasons", [])[:1]).rstrip(".")
    kept = f"{spent:.2f} node hours were spent, what they painted is kept" if spent else "Nothing was spent"
    advice = "to go on, approve the cost or raise REELBRUSH_MAX_COST, and retry the job"
    message = f"{reason or 'The limit of cost is passed'}. {kept}; {advice}"
    return {"code": "over-budget", "message": message}


def _asked(work: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What whoever is to approve needs to know."""
    reasons = answer.get("reasons", [])[:1] if answer.get("guard") == "approve" else []
    if is_spent(work):
        spent = work["nodeSeconds"] / 3600
        reasons = [f"What it may cost is spent already: {spent:.2f} node hours."]
    reasons = [*reasons, *answer["quote"].get("reasons", [])][:REASONS]
    return {**answer.get("approval", {}), "reasons": [reason[:REASON] for reason in reasons]}
