"""What a run says about how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reelbrush.job.versions import schema

_MOST = 1 << 53  # of anything that is counted: what every reader of JSON can hold


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
    version: int = schema(1)

    def __post_init__(self) -> None:
        counts = (
            self.segments_done,
            self.segments_total,
            self.frames_done,
            self.frames_total,
            self.new_frames,
        )
        if not all(0 <= count <= _MOST for count in counts) or not 0 <= self.seconds <= _MOST:
            raise ValueError(f"the progress of {self.run[:80]} counts what cannot be")
