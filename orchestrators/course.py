"""One execution of a job's orchestration: calling steps, telling events, and the two ways it ends early."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df

from orchestrators.status import status_of
from reelbrush.job.versions import NEWER, NewerVersion

RETRY = df.RetryOptions(3000, 4)  # of every activity: milliseconds between tries, tries

Steps = Generator[Any, Any, Any]


class JobFailed(Exception):
    """Ends the orchestration as Failed. `error` has code, message and perhaps batch."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.error = error


class Stopped(Exception):
    """The job was canceled: nothing more is done until the instance is terminated."""


@dataclass
class Course:
    """What an execution knows: its context, its input, and the state of scoring once there is any."""

    context: df.DurableOrchestrationContext
    request: dict[str, Any]
    work: dict[str, Any] | None = None
    phase: str = "queued"  # as shown last

    @property
    def job(self) -> str:
        """The job's id."""
        return str(self.request["job"]["id"])

    @property
    def queues(self) -> bool:
        """Whether the job was started by a release that has a queue and tells events."""
        return int(self.request.get("release", 1)) >= 2

    @property
    def plans(self) -> bool:
        """Whether the job was started by a release that plans by price, asks its cluster and is patient."""
        return int(self.request.get("release", 1)) >= 3

    @property
    def lingers(self) -> bool:
        """Whether a look at the runs waits for news by itself, instead of a timer before it."""
        return bool(self.request.get("lingers"))

    def show(self, phase: str, **more: Any) -> None:
        """Set the custom status; see `status_of`."""
        self.phase, now = phase, self.context.current_utc_datetime
        self.context.set_custom_status(status_of(phase, self.request, self.work, now, **more))

    def step(self, activity: str, stop: bool = False, **fields: Any) -> Steps:
        """Call an activity; when it keeps failing unexpectedly, the job fails with its text.

        With `stop` the job's runs are canceled before that, so that none goes on for nothing. Raises Stopped
        when the activity found the job canceled.
        """
        try:
            answer = yield self.context.call_activity_with_retry(activity, RETRY, fields)
        except Exception as error:
            if stop:
                yield from self.stop_runs()
            raise JobFailed(unexpected(activity, error)) from None
        if isinstance(answer, dict) and "canceled" in answer:
            raise Stopped
        return answer

    def attempt(self, activity: str, **fields: Any) -> Steps:
        """Call an activity whose failure changes nothing: the job has more important things to tell.

        Returns its answer, None when it keeps failing.
        """
        try:
            return (yield self.context.call_activity_with_retry(activity, RETRY, fields))
        except Exception:
            return None

    def stop_runs(self) -> Steps:
        """Cancel the job's runs, as far as that is possible."""
        yield from self.attempt("cancel_runs", job=self.job)

    def tell(self, kind: str, data: dict[str, Any]) -> Steps:
        """Write an event down and try to deliver it; trying again later is the upkeep's work."""
        if self.queues:
            told = {"style": self.request["job"]["style"], **data}
            retry = self.request.get("retry", 0)
            yield from self.attempt("tell_event", job=self.job, type=kind, retry=retry, data=told)


def unexpected(activity: str, error: Exception) -> dict[str, Any]:
    """Return the error of a step that kept raising, in one line."""
    first = str(error).strip().splitlines()[0][:500] if str(error).strip() else type(error).__name__
    code = NewerVersion.code if NEWER in first else "internal"
    return {"code": code, "message": f"the step {activity} kept failing: {first}"}
