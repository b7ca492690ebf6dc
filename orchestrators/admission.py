"""Waiting for the job's turn: only so many jobs are worked on at the same time, in order of upload."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrators.course import Course, Steps

LOOKS = 10  # at the queue in one execution
NEAREST, FARTHEST = 1 / 8, 20  # parts of the pause between polls


def queue_pause(longest: float, ahead: int, waited: float) -> timedelta:
    """Return the pause before the next look at the queue with `ahead` >= 1 jobs ahead.

    `longest` is the longest pause between polls, `waited` how long the job has waited, both in seconds. Who
    is far behind looks seldom, so that all waiting jobs together cost little; who is next looks soon.
    """
    patient = min(longest, waited / 16)
    return timedelta(seconds=max(longest * min(FARTHEST, ahead * NEAREST), patient))


def wait_for_turn(course: Course) -> Steps:
    """Wait until the job is admitted; return the seconds it waited, or None when continued as new."""
    context, request = course.context, course.request
    since = datetime.fromisoformat(request.get("queuedAt") or request["startedAt"])
    for _ in range(LOOKS):
        answer = yield from course.step("admit_job", job=course.job, ticket=request["ticket"])
        now = context.current_utc_datetime
        waited = max(0.0, (now - since).total_seconds())
        ahead = int(answer["ahead"])
        if ahead == 0:
            return waited
        jobs = "1 job" if ahead == 1 else f"{ahead} jobs"
        course.show("queued", summary=f"queued: {jobs} ahead", ahead=ahead)
        yield context.create_timer(now + queue_pause(request["pollSeconds"], ahead, waited))
    context.continue_as_new(request)
    return None
