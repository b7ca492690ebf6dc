"""What a run and a job say about how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BatchState(StrEnum):
    """The state of a batch's latest run. The first letter of the value stands for it in a status line."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True)
class BatchProgress:
    """The heartbeat a run writes while it scores, and the record it leaves when it ends."""

    run: str
    state: BatchState
    segments_done: int
    segments_total: int
    frames_done: int  # of this batch, published by whatever run
    frames_total: int
    updated_at: float  # seconds since the epoch
    seconds: float = 0.0  # wall time since the run began
    new_frames: int = 0  # frames this very run has scored, published or not
    error: str | None = None  # what went wrong, for people
    error_code: str | None = None  # code of the ReelbrushError, when there is one
    retryable: bool = True


@dataclass(frozen=True)
class JobProgress:
    """Progress of a whole job: small enough for a custom status whatever the number of segments."""

    phase: str  # queued, splitting, waiting-for-compute, scoring, stitching, done
    frames_done: int
    frames_total: int
    batch_states: str  # one letter per batch: Q R D F C
    retries: int = 0
