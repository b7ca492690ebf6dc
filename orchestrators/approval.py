"""Waiting until somebody agrees to what the job costs; meanwhile it takes nobody's turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from orchestrators.course import Course, Steps
from reelbrush.job import ticket_name

LOOKS = 10  # in one execution
SOONEST, LATEST = 2.0, 60.0  # seconds between two looks


def approval_pause(waited: float) -> timedelta:
    """Return the pause before the next look after `waited` seconds: an eighth of them, within bounds."""
    return timedelta(seconds=min(LATEST, max(SOONEST, waited / 8)))


def wait_for_approval(course: Course) -> Steps:
    """Wait for the approval that the input's "awaiting" describes, then continue as new at the queue's end.

    "awaiting" holds "since", when the plan was made that is to be approved, "seen", the approval it knew, and
    "approval" for the status.
    The state in "scoring" is kept: the job is planned again when it is its turn.
    """
    context, request = course.context, course.request
    awaiting: dict[str, Any] = request["awaiting"]
    since = datetime.fromisoformat(awaiting["since"])
    for _ in range(LOOKS):
        course.show(
            "awaitingApproval", summary=summary_of(awaiting["approval"]), approval=awaiting["approval"]
        )
        if "told" not in awaiting:
            yield from course.tell("approval", {"approval": awaiting["approval"]})
            awaiting = {**awaiting, "told": True}
        answer = yield from course.step(
            "await_approval",
            job=course.job,
            ticket=request["ticket"],
            since=awaiting["since"],
            seen=awaiting.get("seen"),
        )
        now = context.current_utc_datetime
        if answer["approved"]:
            ticket = ticket_name(round(now.timestamp() * 1000), course.job)
            rest = {name: value for name, value in request.items() if name != "awaiting"}
            context.continue_as_new({**rest, "ticket": ticket, "queuedAt": now.isoformat()})
            return None
        yield context.create_timer(now + approval_pause((now - since).total_seconds()))
    context.continue_as_new({**request, "awaiting": awaiting})
    return None


def summary_of(approval: dict[str, float | str]) -> str:
    """Return one line about what is waited for."""
    if "likely" not in approval:
        return "waiting for approval"
    limit = f", limit {approval['limit']:g}" if "limit" in approval else ""
    return f"waiting for approval: about {approval['likely']:.2f} {approval.get('currency', '')}{limit}"
