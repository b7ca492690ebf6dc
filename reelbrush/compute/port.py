"""The port that every compute backend keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reelbrush.job import BatchState

EVICTED = "evicted"  # code of a run whose node was taken away: costs no attempt, another run takes over


@dataclass(frozen=True)
class RunRequest:
    """One submission of a batch. Its description already lies in the store at `WorkNames.batch(run)`."""

    job: str
    run: str
    evictions: int = 0  # runs of this batch that lost their node before, by which a cluster is chosen
    nodes: int = 1  # of this run
    frames: int = 0  # of the batch; 0 where that is not known


@dataclass(frozen=True)
class RunStatus:
    """What the backend knows about a run, apart from what the run itself writes to the store.

    A run that lost its node is CANCELED with the code EVICTED.
    """

    run: str
    state: BatchState
    error: str | None = None  # why the run failed, when it could not say so itself
    code: str = ""  # a word of reelbrush.compute.causes
    retryable: bool = True  # whether the same run may succeed another time


@dataclass(frozen=True)
class Waiting:
    """Why runs wait."""

    busy: bool  # nodes are at work or on their way: waiting is natural
    errors: tuple[str, ...] = ()  # what the cluster itself says keeps it from growing


@dataclass(frozen=True)
class Finding:
    """Something that would keep runs from starting."""

    code: str  # a stable word
    problem: str
    fix: str


class Compute(Protocol):
    """Submits runs and says what became of them. Every call may be repeated without harm."""

    def submit(self, request: RunRequest) -> None:
        """Queue a run. Submitting a known run id again changes nothing. Raises ComputeError."""
        ...

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """Return the state of the job's runs by one query.

        A run that the backend never saw is missing in the answer. Raises ComputeError.
        """
        ...

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """Stop all queued and running runs of a job; `runs` are ids that may have been submitted."""
        ...

    def stop(self, job: str, run: str) -> None:
        """Stop one run that hangs, by force where that can be done; the others of its job go on.

        A run that nobody knows, or that has ended, is left alone. Raises ComputeError.
        """
        ...

    def release(self, job: str) -> None:
        """Forget the ended runs of a job and free what they hold. Later `status` does not know them."""
        ...

    def log_tail(self, run: str, lines: int = 20) -> str:
        """Return the last lines of a run's log, empty when there is none."""
        ...

    def waiting(self) -> Waiting:
        """Return why queued runs do not start. Raises ComputeError."""
        ...

    def preflight(self) -> list[Finding]:
        """Return what would keep runs from starting; empty when all is well."""
        ...
