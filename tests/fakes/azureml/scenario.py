"""What goes wrong. A draw depends on the seed and on what it is about, never on the order of threads."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Face = Literal["requeue", "failed", "canceled"]
FACES: tuple[Face, ...] = ("requeue", "failed", "canceled")


@dataclass(frozen=True)
class Scenario:
    """Faults and times. The default is a service in which all goes well and at once.

    A fault of a call is "lost" (it has its effect, the connection breaks before the answer), "hang" (no
    effect, no answer), or an error answer of `texts`: "503", "429", "403", "quota", ... without any effect.
    """

    seed: int = 0
    only: str = (
        ""  # regular expression of the operations whose calls are hit (see `routing`); empty means all
    )
    answers: tuple[str, ...] = ()  # faults of the next calls, one each; "ok" is none
    chances: Mapping[str, float] = field(default_factory=dict[str, float])  # fault -> share of calls
    runs: str = ""  # regular expression of the run ids that are hit by what follows; empty means all
    evict: Face | Literal["", "any"] = ""  # in which way runs on low-priority nodes lose their node
    evict_chance: float = 1.0  # of one start of a run
    evict_after: float | tuple[float, float] = 0.5  # seconds from the start, or a range of them
    evict_times: int = 1  # how many starts of one run may end so
    image_fails: bool = False  # the image cannot be pulled
    node_fails: bool = False  # the node becomes unusable half a second after the start
    queue: Literal["", "quota", "capacity"] = ""  # why no node ever starts
    clusters: str = ""  # regular expression of the clusters that `queue` holds for; empty means all
    dead_nodes: int = 0  # of each cluster: nodes that are started and never come up
    prepare_seconds: float = 0.0  # from the submission until the run is queued
    node_seconds: float = 0.0  # until a node that is started can be used
    grace_seconds: float = 5.0  # between SIGTERM and SIGKILL
    page_size: int = 500  # of lists of runs


class Faults:
    """Draws from the scenario of the moment; it can be exchanged at any time."""

    def __init__(self) -> None:
        self.scenario = Scenario()
        self._lock = threading.Lock()
        self._given = 0
        self._seen: Counter[str] = Counter()

    def set(self, scenario: Scenario) -> None:
        """From now on, this is what goes wrong."""
        with self._lock:
            self.scenario = scenario
            self._given = 0
            self._seen.clear()

    def of_call(self, operation: str, path: str) -> str:
        """Return the fault that hits this call, empty for none."""
        with self._lock:
            scenario = self.scenario
            if not re.fullmatch(scenario.only or ".*", operation):
                return ""
            if self._given < len(scenario.answers):
                self._given += 1
                fault = scenario.answers[self._given - 1]
                return "" if fault == "ok" else fault
            if not scenario.chances:
                return ""
            key = f"{operation} {path}"
            self._seen[key] += 1
            draw = random.Random(f"{scenario.seed} {key} {self._seen[key]}").random()
        for fault, chance in scenario.chances.items():
            if draw < chance:
                return fault
            draw -= chance
        return ""

    def eviction(self, run: str, start: int, cluster_is_low_priority: bool) -> tuple[Face, float] | None:
        """Return in which way and after how many seconds this start (from 1) of the run loses its node."""
        scenario = self.scenario
        if not scenario.evict or not cluster_is_low_priority or start > scenario.evict_times:
            return None
        if not self.hits(run):
            return None
        draws = random.Random(f"{scenario.seed} {run} {start}")
        if draws.random() >= scenario.evict_chance:
            return None
        face = draws.choice(FACES) if scenario.evict == "any" else scenario.evict
        low, high = (
            scenario.evict_after
            if isinstance(scenario.evict_after, tuple)
            else (scenario.evict_after, scenario.evict_after)
        )
        return face, draws.uniform(low, high)

    def hits(self, run: str) -> bool:
        """Return whether faults of runs are meant for this one."""
        return re.fullmatch(self.scenario.runs or ".*", run) is not None

    def trouble(self, cluster: str) -> str:
        """Return why this cluster gets no nodes, empty when it does."""
        scenario = self.scenario
        return scenario.queue if re.fullmatch(scenario.clusters or ".*", cluster) else ""
