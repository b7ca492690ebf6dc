"""The state of a job's batches while they are scored, as pure functions on small values.

It travels through the orchestration's history and through continue-as-new, so it is kept to a few bytes per
batch and holds no text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reelbrush.job import ATTEMPTS, Batch, BatchState

LETTER = {
    BatchState.QUEUED: "Q",
    BatchState.RUNNING: "R",
    BatchState.DONE: "D",
    BatchState.FAILED: "F",
    BatchState.CANCELED: "C",
}
_STATES = {letter: state for state, letter in LETTER.items()} | {state.value: state for state in BatchState}
MAX_INTERRUPTIONS = 50  # stops on request or evictions of one batch, each of which costs no attempt


@dataclass(frozen=True)
class BatchEntry:
    """One batch, the attempt number of its latest run, and how often its runs failed or were interrupted.

    A batch whose state is failed or canceled has no run under way and is waiting for the next one.
    """

    batch: Batch
    attempt: int = 0
    failures: int = 0
    interruptions: int = 0
    state: BatchState = BatchState.QUEUED
    frames_done: int = 0
    painted: int = 0  # frames that the latest run has painted, published or not
    seconds: float = 0.0  # that it has taken so far
    evictions: int = 0  # runs that lost their node, by which the next one's cluster is chosen

    def pack(self) -> list[Any]:
        """Return the entry as a short list for the history."""
        b = self.batch
        place = [b.index, b.first_segment, b.segment_count, b.frame_count]
        counts = [self.attempt, self.failures, self.interruptions, LETTER[self.state], self.frames_done]
        evicted = [self.evictions] if self.evictions else []
        return [*place, *counts, self.painted, self.seconds, *evicted]

    @staticmethod
    def unpack(values: Sequence[Any]) -> BatchEntry:
        """Rebuild an entry from `pack`, an earlier release's too: nine values, states as words.

        Evictions are the twelfth value, where there were any.
        """
        return BatchEntry(
            Batch(values[0], values[1], values[2], values[3]),
            values[4],
            values[5],
            values[6],
            _STATES[values[7]],
            *values[8:],
        )


@dataclass(frozen=True)
class Look:
    """What one poll saw of a batch's latest run."""

    index: int
    state: BatchState
    frames_done: int
    progressed: bool  # the run published something
    retryable: bool = True
    code: str = ""
    message: str = ""
    painted: int = 0  # frames that this very run has painted, published or not
    seconds: float = 0.0  # that the run has taken so far
    log: tuple[str, ...] = ()  # last lines of the run's log, of one failed run in an answer
    evicted: bool = False  # a canceled run lost its node

    @staticmethod
    def unpack(values: dict[str, Any]) -> Look:
        """Read one element of the poll activity's answer; absent fields mean "nothing to say"."""
        return Look(
            values["i"],
            BatchState(values["s"]),
            values["n"],
            bool(values.get("p")),
            not values.get("final"),
            values.get("code", ""),
            values.get("text", ""),
            values.get("w", 0),
            values.get("t", 0.0),
            tuple(values.get("log", ())),
            bool(values.get("e")),
        )


def submitted(entry: BatchEntry) -> BatchEntry:
    """Return the entry with its next attempt under way."""
    return replace(entry, attempt=entry.attempt + 1, state=BatchState.QUEUED, painted=0, seconds=0.0)


def newly_spent(entry: BatchEntry, look: Look) -> float:
    """Return the seconds that the run has taken since the last look; it may have begun anew meanwhile."""
    return look.seconds if began_anew(entry, look) else max(0.0, look.seconds - entry.seconds)


def began_anew(entry: BatchEntry, look: Look) -> bool:
    """Whether the service has started the run again after its node was taken away."""
    return 0 < look.seconds < entry.seconds - 1  # seconds are rounded


def seen(entry: BatchEntry, look: Look) -> BatchEntry:
    """Return the entry after a poll. A failure counts only when its run published nothing."""
    frames = look.frames_done  # of a run that ended badly, painted frames that it did not publish are gone
    if look.state not in (BatchState.FAILED, BatchState.CANCELED):
        frames = max(entry.frames_done, frames)
    failures, interruptions = entry.failures, entry.interruptions
    if look.state is BatchState.FAILED:
        failures = 0 if look.progressed else failures + 1
    elif look.state is BatchState.CANCELED:
        interruptions += 1
    anew = began_anew(entry, look)
    return replace(
        entry,
        state=look.state,
        frames_done=frames,
        failures=failures,
        interruptions=interruptions,
        evictions=entry.evictions + look.evicted,
        painted=look.painted if anew else max(entry.painted, look.painted),
        seconds=look.seconds if anew else max(entry.seconds, look.seconds),
    )


def wants_retry(entry: BatchEntry, look: Look, attempts: int) -> bool:
    """Whether a failed or interrupted batch gets another run."""
    if entry.attempt % ATTEMPTS >= ATTEMPTS - 1:
        return False
    if entry.state is BatchState.CANCELED:
        return entry.interruptions <= MAX_INTERRUPTIONS
    return entry.state is BatchState.FAILED and look.retryable and entry.failures < attempts


def is_lost(entry: BatchEntry) -> bool:
    """Whether the batch has no run under way and is not done."""
    return entry.state in (BatchState.FAILED, BatchState.CANCELED)


def frames_done(entries: Sequence[BatchEntry]) -> int:
    """Return how many frames of all batches are done, as far as is known."""
    return sum(min(entry.frames_done, entry.batch.frame_count) for entry in entries)


def letters(entries: Sequence[BatchEntry]) -> str:
    """Return one letter per batch for the custom status."""
    return "".join(LETTER[entry.state] for entry in entries)
