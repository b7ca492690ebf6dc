"""Lives of runs as the app sees them: from the queue to the end, at any pace, with what keeps news away."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from activities.stalled import BEGINS
from reelbrush.compute import RunStatus
from reelbrush.job import Batch, BatchProgress, BatchState, LedgerPage, WorkNames, run_id, to_json
from reelbrush.job.names import WORK
from reelbrush.store import Store

JOB = "clip-0123456789"
NAMES, RUN = WorkNames(JOB), run_id(JOB, 0, 1)
FRAMES = 48  # of a segment
BURST = 0.1  # of the time of a frame, in which those of all threads come out one after the other


@dataclass
class Life:
    """One run, moved on by `live`; all times are seconds in which the machines are awake."""

    segments: int
    pace: float  # of one frame
    queued: float  # until a node is there
    loading: float  # from its start to the first frame begins
    stalls: float | None = None  # when nothing moves any more; None: never
    frozen: bool = False  # from then on nothing is written either; else the heart beats on
    skew: float = 0.0  # of the node's clock
    threads: int = 1  # whose frames come in bursts, each frame after `threads` times the pace
    refused: tuple[float, float] = (0.0, 0.0)  # time in which the store takes no heartbeat
    asleep: Sequence[tuple[float, float]] = ()  # times in which app and node sleep together
    worked: float = 0.0  # seconds at work so far
    now: float = 0.0
    ended: bool = False
    published: int = 0

    @property
    def painted(self) -> int:
        """Frames that are painted."""
        rounds, part = divmod((self.worked - self.loading) / (self.pace * self.threads), 1.0)
        burst = max(0.0, 1 - (1 - part) / BURST) if self.threads > 1 else 0.0
        return max(0, min(self.segments * FRAMES, int(rounds * self.threads + burst * self.threads)))

    @property
    def state(self) -> BatchState:
        """What the backend says."""
        if self.now < self.queued:
            return BatchState.QUEUED
        return BatchState.DONE if self.ended else BatchState.RUNNING

    def live(self, store: Store, seconds: float) -> None:
        """Go on for so long, awake, and write what a run writes."""
        before, self.now = max(self.now, self.queued), self.now + seconds
        stalls = self.stalls if self.stalls is not None else float("inf")
        self.worked += max(0.0, min(self.now, stalls) - before)
        if self.state is not BatchState.RUNNING:
            return
        while self.published < self.painted // FRAMES:
            page = LedgerPage(self.published, FRAMES, "", "", 1, RUN)
            store.put_bytes(WORK, NAMES.page("g", self.published), json.dumps(to_json(page)).encode())
            self.published += 1
        dead = self.now >= stalls and self.frozen
        if not dead and not self.refused[0] <= self.now < self.refused[1]:
            self._beat(store, NAMES.progress(RUN), BatchState.RUNNING)
        if self.published == self.segments:
            self.ended = True
            self._beat(store, NAMES.result(RUN), BatchState.DONE)

    def _beat(self, store: Store, name: str, state: BatchState) -> None:
        done, all_frames = self.published, self.segments * FRAMES
        told = BatchProgress(
            RUN, state, done, self.segments, done * FRAMES, all_frames, self.now + self.skew,
            round(self.now - self.queued, 3), self.painted,
        )  # fmt: skip
        store.put_bytes(WORK, name, json.dumps(to_json(told)).encode())


@dataclass
class Ward:
    """The backend of one life."""

    life: Life
    stopped: list[str] = field(default_factory=list[str])
    refuses: int = 0  # times that it cannot stop anything

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        return {RUN: RunStatus(RUN, self.life.state)}

    def stop(self, job: str, run: str) -> None:
        from reelbrush.errors import ComputeError

        if self.refuses:
            self.refuses -= 1
            raise ComputeError("the cluster does not answer")
        self.stopped.append(run)

    def log_tail(self, run: str, lines: int = 20) -> str:
        return ""


def described(store: Store, life: Life) -> None:
    """Write what the app writes before a run."""
    batch = Batch(0, 0, life.segments, life.segments * FRAMES)
    store.put_bytes(
        WORK, NAMES.batch(RUN), json.dumps({"job": {"style": "s"}, "batch": to_json(batch)}).encode()
    )
    store.put_bytes(WORK, NAMES.manifest, json.dumps({"generation": "g"}).encode())


def life_by(chance: random.Random, hangs: bool) -> Life:
    """Return a run of a few segments: fast ones, and models that take a minute for a frame."""
    pace = chance.choice((0.02, 0.5, 5.0, 60.0, chance.uniform(0.01, 60)))
    segments = chance.randint(1, 4) if pace > 1 else chance.randint(2, 40)
    life: dict[str, Any] = {
        "queued": chance.choice((0.0, 900.0, 9000.0)),
        "loading": chance.choice((2.0, 60.0, 1500.0, 5000.0)),
        "skew": chance.choice((0.0, -7200.0, 86_400.0)),
    }
    work = life["loading"] + segments * FRAMES * pace
    naps = [(chance.uniform(0, work), chance.choice((300.0, 30_000.0))) for _ in range(chance.randint(0, 3))]
    if chance.random() < 0.3:
        begins = life["queued"] + chance.uniform(0, work)
        life["refused"] = (begins, begins + chance.uniform(0, work))
    if hangs:
        life["stalls"] = life["queued"] + chance.uniform(0, 0.98) * work
        life["frozen"] = chance.random() < 0.5
    threads = chance.choice((1, 8, 64))
    life["threads"] = threads if life["loading"] + threads * pace < 0.75 * BEGINS else 1
    asleep = tuple((life["queued"] + at, seconds) for at, seconds in naps)
    return Life(segments, pace, asleep=asleep, **life)
