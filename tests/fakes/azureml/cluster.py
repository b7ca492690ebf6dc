"""A cluster: nodes that start when runs wait for them, and a queue. Guarded by the service's lock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.azureml.runs import Run

SCORING_CLIENT = "5c0417a6-0000-4000-8000-000000000001"
SCORING_PRINCIPAL = "5c0417a6-0000-4000-8000-000000000002"
SCORING_IDENTITY = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/scoring"
)


@dataclass
class Cluster:
    """Nodes of one kind. `maximum` and the other facts may be changed at any time."""

    name: str
    kind: Literal["AmlCompute", "Kubernetes"] = "AmlCompute"
    size: str = "STANDARD_NC4AS_T4_V3"
    low_priority: bool = True
    minimum: int = 0
    maximum: int = 4
    state: str = "Succeeded"  # provisioningState
    identities: dict[str, tuple[str, str]] = field(  # resource id -> principal id, client id
        default_factory=lambda: {SCORING_IDENTITY: (SCORING_PRINCIPAL, SCORING_CLIENT)}
    )
    idle: int = 0
    busy: int = 0
    starting: int = 0
    dead: int = 0  # started and never up
    lost: int = 0  # taken away, all in all
    queue: deque[Run] = field(default_factory=deque[Run])

    @property
    def nodes(self) -> int:
        """Nodes that exist, in whatever state."""
        return self.idle + self.busy + self.starting + self.dead

    def wanted(self) -> int:
        """Return how many more nodes the queue could use and the cluster may start."""
        if self.nodes >= self.maximum:
            return 0
        needed = sum(run.work.nodes for run in self.queue) - self.idle - self.starting
        return max(0, min(needed, self.maximum - self.nodes))

    def next(self) -> Run | None:
        """Take the first run of the queue, if its nodes are there. Nobody overtakes."""
        if self.queue and self.queue[0].work.nodes <= self.idle:
            run = self.queue.popleft()
            self.idle -= run.work.nodes
            self.busy += run.work.nodes
            return run
        return None

    def free(self, nodes: int, lost: int = 0) -> None:
        """Take nodes back from a run; `lost` of them are gone."""
        self.busy -= nodes
        self.idle += nodes - lost
        self.lost += lost
