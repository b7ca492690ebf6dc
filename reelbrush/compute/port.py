"""The port that every compute backend keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reelbrush.job import BatchState


@dataclass(frozen=True)
class RunRequest:
    """One submission of a batch. Its description already lies in the store at `WorkNames.batch(run)`."""

    job: str
    run: str


@dataclass(frozen=True)
class RunStatus:
    """What the backend knows about a run, apart from what the run itself writes to the store."""

    run: str
    state: BatchState
    error: str | None = None  # why the run failed, when it could not say so itself


class Compute(Protocol):
    """Submits runs and says what became of them. Every call may be repeated without harm."""

    def submit(self, request: RunRequest) -> None:
        """Queue a run. Submitting a known run id again changes nothing."""
        ...

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """Return the state of the job's runs. A run that the backend never saw is missing in the answer."""
        ...

    def cancel(self, job: str) -> None:
        """Stop all queued and running runs of a job."""
        ...

    def release(self, job: str) -> None:
        """Forget the ended runs of a job and free what they hold. Later `status` does not know them."""
        ...

    def log_tail(self, run: str, lines: int = 20) -> str:
        """Return the last lines of a run's log, empty when there is none."""
        ...

    def preflight(self) -> list[str]:
        """Return what would keep runs from starting, one sentence each; empty when all is well."""
        ...
