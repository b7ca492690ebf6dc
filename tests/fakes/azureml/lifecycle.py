"""A run's way: prepared, queued, running, ended; and everything that may throw it off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from tests.fakes.azureml import texts
from tests.fakes.azureml.clock import Clock
from tests.fakes.azureml.cluster import Cluster
from tests.fakes.azureml.runs import ENDED, Run
from tests.fakes.azureml.scenario import FACES, Faults
from tests.fakes.azureml.wire import Document

# Called once per start, from any thread: the exit code (None when stopped) and an error message.
Ended = Callable[[int | None, str], None]


class Executor(Protocol):
    """Carries out one start of a run."""

    def start(self, run: Run, ended: Ended) -> None:
        """Begin; must not wait for the end."""
        ...

    def stop(self, run: Run, grace: float) -> None:
        """End it early; must not wait either. `ended` is called all the same."""
        ...


class Lifecycle:
    """Leads all runs through their states. Public calls may come from any thread."""

    def __init__(
        self,
        clusters: Mapping[str, Cluster],
        faults: Faults,
        clock: Clock,
        lock: threading.RLock,
        executor: Callable[[], Executor],
    ) -> None:
        self._clusters = clusters
        self._faults = faults
        self._clock = clock
        self._lock = lock
        self._executor_now = executor
        self._executors: dict[str, Executor] = {}

    def submit(self, run: Run) -> None:
        """Begin with a run that is in the service's list."""
        with self._lock:
            run.enter("Preparing")
            run.timers.append(
                self._clock.after(self._faults.scenario.prepare_seconds, partial(self._prepared, run))
            )

    def cancel(self, run: Run) -> None:
        """Stop a run; an ended one stays as it is."""
        with self._lock:
            if run.status in ENDED or run.status == "CancelRequested":
                return
            cluster = self._clusters[run.work.cluster]
            if run.status == "Running":
                run.enter("CancelRequested")
                self._stop(run, "cancel")
            else:
                if run in cluster.queue:
                    cluster.queue.remove(run)
                run.enter("Canceled")
                self._schedule(cluster)

    def evict(self, run: Run, face: str) -> None:
        """Take a running run's node away."""
        with self._lock:
            if run.status == "Running" and not run.stopping:
                self._stop(run, face)

    def wake(self) -> None:
        """Look at all clusters again, after the scenario changed."""
        with self._lock:
            for cluster in self._clusters.values():
                self._schedule(cluster)

    def _prepared(self, run: Run) -> None:
        with self._lock:
            if run.status != "Preparing":
                return
            if self._faults.scenario.image_fails and self._faults.hits(run.id):
                self._fail(run, "UserError", texts.IMAGE.format(image=run.work.image or "an image"))
                return
            cluster = self._clusters[run.work.cluster]
            run.enter("Queued")
            cluster.queue.append(run)
            self._schedule(cluster)

    def _schedule(self, cluster: Cluster) -> None:
        while (run := cluster.next()) is not None:
            self._start(run, cluster)
        if self._faults.trouble(cluster.name):
            return
        wanted = cluster.wanted()
        while wanted:
            if cluster.dead < self._faults.scenario.dead_nodes:
                cluster.dead += 1
                wanted = cluster.wanted()
                continue
            wanted -= 1
            cluster.starting += 1
            self._clock.after(self._faults.scenario.node_seconds, partial(self._node_up, cluster))

    def _node_up(self, cluster: Cluster) -> None:
        with self._lock:
            cluster.starting -= 1
            cluster.idle += 1
            self._schedule(cluster)

    def _start(self, run: Run, cluster: Cluster) -> None:
        run.starts += 1
        run.stopping = ""
        run.enter("Running")
        start = run.starts
        fate = self._faults.eviction(run.id, start, cluster.low_priority)
        if fate is not None:
            self._later(run, fate[1], fate[0])
        if run.work.seconds is not None:
            self._later(run, run.work.seconds, "overrun")
        if self._faults.scenario.node_fails and self._faults.hits(run.id):
            self._later(run, 0.5, "node")
        executor = self._executors[run.id] = self._executor_now()
        # Unpacking and starting processes takes too long for the clock's thread.
        threading.Thread(
            target=executor.start, args=(run, partial(self._ended, run, start)), daemon=True, name=run.id
        ).start()

    def _later(self, run: Run, seconds: float, reason: str) -> None:
        run.timers.append(self._clock.after(seconds, partial(self.evict, run, reason)))

    def _stop(self, run: Run, reason: str) -> None:
        run.stopping = reason
        run.forget_timers()
        self._executors[run.id].stop(run, self._faults.scenario.grace_seconds)

    def _ended(self, run: Run, start: int, code: int | None, message: str) -> None:
        with self._lock:
            if run.starts != start or run.status in ENDED or run.status == "Queued":
                return
            cluster = self._clusters[run.work.cluster]
            reason = run.stopping
            evicted = reason in FACES
            cluster.free(run.work.nodes, lost=1 if evicted or reason == "node" else 0)
            run.forget_timers()
            run.evictions += evicted
            if reason == "cancel":
                run.enter("Canceled")
            elif reason == "overrun":
                message = texts.OVERRUN.format(seconds=run.work.seconds)
                run.error = _error("UserError", message)
                run.enter("Canceled")
            elif reason == "node":
                self._fail(run, "SystemError", texts.SYSTEM)
            elif reason == "requeue":
                run.enter("Queued")
                cluster.queue.appendleft(run)
            elif reason == "failed":
                self._fail(run, "SystemError", texts.PREEMPTED)
            elif reason == "canceled":
                run.enter("Canceled")
            elif code:
                self._fail(run, "UserError", message)
            else:
                run.enter("Finalizing")
                run.enter("Completed")
            self._schedule(cluster)

    def _fail(self, run: Run, code: str, message: str) -> None:
        run.error = _error(code, message)
        run.enter("Failed")


def _error(code: str, message: str) -> Document:
    return {"code": code, "message": message, "messageParameters": {}, "details": []}
