"""What a run's state in Azure Machine Learning means for its batch; the same for both SDKs."""

from __future__ import annotations

from reelbrush.compute.causes import Cause, cause_of, known_cause
from reelbrush.compute.port import EVICTED, RunStatus
from reelbrush.job import BatchState

_RUNNING = ("Running", "Finalizing", "CancelRequested", "NotResponding")
ENDED = ("Completed", "Failed", "Canceled")  # no run leaves these states


def run_status(
    run: str, state: str, error: str = "", code: str = "", *, seconds: float | None = None, limit: int
) -> RunStatus:
    """Return the status of a run whose state the service spells `state`.

    `error` and `code` are what the service tells of a run that ended, `seconds` how long it ran as far as
    that is known, `limit` how long it may run. A lost node has three faces: the run is queued again by
    itself, it failed saying so, or it is canceled although nobody asked for that. The last two are CANCELED
    with the code EVICTED.
    """
    if state == "Completed":
        return RunStatus(run, BatchState.DONE)
    overran = seconds is not None and seconds >= limit
    if state == "Failed":
        cause = cause_of(error, code)
        if overran and cause.code == EVICTED:  # it was asked to stop, as a run is whose node goes
            cause = _too_long(limit)
        return _failed(run, known_cause("run-failed", error) if cause.code == "compute" else cause)
    if state == "Canceled":
        told = cause_of(error, code) if error or code else None
        if overran or (told is not None and told.code == "run-timeout"):
            return _failed(run, _too_long(limit))
        return _failed(run, known_cause(EVICTED, error or "canceled by the service"))
    if state in _RUNNING:
        return RunStatus(run, BatchState.RUNNING)
    return RunStatus(run, BatchState.QUEUED)


def _too_long(limit: int) -> Cause:
    return known_cause("run-timeout", f"stopped after {limit} s")


def _failed(run: str, cause: Cause) -> RunStatus:
    state = BatchState.CANCELED if cause.code == EVICTED else BatchState.FAILED
    return RunStatus(run, state, cause.message, cause.code, cause.retryable)
