"""A run: what was submitted and what became of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.azureml.clock import Timer
from tests.fakes.azureml.wire import Document

ENDED = frozenset({"Completed", "Failed", "Canceled"})


@dataclass(frozen=True)
class Work:
    """What a run executes on its nodes."""

    cluster: str
    command: tuple[str, ...]  # program and arguments
    environment: dict[str, str]
    unpack: Callable[[Path], None]  # puts the submitted code into a new folder
    nodes: int = 1
    processes: int = 0  # on each node, started by MPI; 0 means one process without MPI
    seconds: float | None = None  # longest time that a start may take
    image: str = ""
    identity: str = ""  # client id of the identity of the nodes


@dataclass
class Run:
    """A run in the service's memory. Guarded by the service's lock."""

    id: str
    api: str  # v1 or v2: which SDK's calls submitted it
    experiment: str
    work: Work
    body: Document  # as submitted
    tags: dict[str, str] = field(default_factory=dict[str, str])
    properties: dict[str, str] = field(default_factory=dict[str, str])
    number: int = 0
    status: str = "NotStarted"
    error: Document | None = None
    starts: int = 0
    evictions: int = 0
    stopping: str = ""  # why its processes are being stopped: cancel, overrun, node, or a face of eviction
    history: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    timers: list[Timer] = field(default_factory=list[Timer])
    created: str = ""
    started: str | None = None
    ended: str | None = None
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def enter(self, status: str) -> None:
        """Take the next status."""
        self.status = status
        self.history.append((status, time.monotonic()))
        if status == "Running" and self.started is None:
            self.started = now()
        if status in ENDED:
            self.ended = now()
            self.forget_timers()

    def forget_timers(self) -> None:
        """Let nothing happen any more that was planned for this start."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


@dataclass(frozen=True)
class RunView:
    """A run as tests see it, at one moment."""

    id: str
    api: str
    experiment: str
    status: str
    cluster: str
    command: tuple[str, ...]
    environment: dict[str, str]
    tags: dict[str, str]
    nodes: int
    processes: int
    starts: int
    evictions: int
    statuses: tuple[str, ...]  # all, in the order in which they were entered
    running_seconds: float  # all starts together, until now
    error: str
    body: Document


def view(run: Run) -> RunView:
    """Return what the run is now."""
    ends = [at for _, at in run.history[1:]] + [time.monotonic()]
    return RunView(
        id=run.id,
        api=run.api,
        experiment=run.experiment,
        status=run.status,
        cluster=run.work.cluster,
        command=run.work.command,
        environment=dict(run.work.environment),
        tags=dict(run.tags),
        nodes=run.work.nodes,
        processes=run.work.processes,
        starts=run.starts,
        evictions=run.evictions,
        statuses=tuple(status for status, _ in run.history),
        running_seconds=sum(
            end - at
            for (status, at), end in zip(run.history, ends, strict=False)
            if status in ("Running", "CancelRequested")
        ),
        error=run.error["message"] if run.error else "",
        body=run.body,
    )


def now() -> str:
    """Return the time as the service writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
