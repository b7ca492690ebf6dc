"""The state of the one workspace."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.azureml.blob_space import BlobSpace
from tests.fakes.azureml.calls import CallLog
from tests.fakes.azureml.clock import Clock
from tests.fakes.azureml.cluster import SCORING_PRINCIPAL, Cluster
from tests.fakes.azureml.lifecycle import Executor, Lifecycle
from tests.fakes.azureml.processes import ProcessExecutor
from tests.fakes.azureml.runs import Run, RunView, Work, now, view
from tests.fakes.azureml.scenario import Faults
from tests.fakes.azureml.simulation import Hook, Seconds, SimulatedExecutor
from tests.fakes.azureml.tokens import APP_PRINCIPAL, Tokens
from tests.fakes.azureml.wire import Document, Refusal

REGION = "westeurope"
DATA_URL = f"https://{REGION}.api.azureml.ms"
ACCOUNT = "standinstore"
BLOB_URL = f"https://{ACCOUNT}.blob.core.windows.net"
DATA_SCIENTIST = "f6c7c914-8db3-469d-8ca1-694a8f32e121"  # role definitions
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


class Service:
    """Everything that the routes know. `lock` guards all of it."""

    def __init__(self, folder: Path, subscription: str, group: str, name: str) -> None:
        self.subscription, self.group, self.name = subscription, group, name
        self.lock = threading.RLock()
        self.bugs: list[BaseException] = []
        self.log = CallLog()
        self.faults = Faults()
        self.tokens = Tokens()
        self.blobs = BlobSpace(BLOB_URL)
        self.clock = Clock(self.bugs.append)
        self.clusters = {
            cluster.name: cluster
            for cluster in (
                Cluster("gpu-cluster"),
                Cluster("gpu-dedicated", low_priority=False, maximum=2),
                Cluster("aks-gpu", kind="Kubernetes", low_priority=False, maximum=2),
            )
        }
        self.experiments: dict[str, Document] = {}
        self.runs: dict[str, Run] = {}
        self.snapshots: dict[str, dict[str, str]] = {}  # id -> path -> blob
        self.assets: dict[tuple[str, str, str], Document] = {}  # kind, name, version -> ARM document
        self.environments: dict[tuple[str, str], Document] = {}  # of azureml-core
        self.usages: list[tuple[str, str, int, int]] = [  # type, name, used, limit
            ("totalClusters", "Total Clusters", 1, 200),
            ("dedicatedCores", "Total Cluster Dedicated Regional vCPUs", 0, 100),
            ("vmFamily", "Standard NCASv3_T4 Family Cluster Dedicated vCPUs", 0, 24),
            ("lowPriorityCores", "Total Cluster LowPriority Regional vCPUs", 0, 100),
        ]
        providers = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
        self.accounts = [  # resource ids of storage accounts
            f"{providers}/Microsoft.Storage/storageAccounts/{name}" for name in ("another", ACCOUNT)
        ]
        self.account_facts: Document = {}  # of their documents, in place of what they tell else
        self.roles: list[tuple[str, str, str]] = [  # scope, principal id, role definition's guid
            (self.workspace_id, APP_PRINCIPAL, DATA_SCIENTIST),
            (self.accounts[-1], SCORING_PRINCIPAL, BLOB_CONTRIBUTOR),
        ]
        self.role_conditions: dict[tuple[str, str, str], str] = {}  # of assignments in `roles` that have one
        self.locks: list[tuple[str, str]] = []  # scope, level
        self.node_environment: dict[str, str] = {}
        self.invalid: list[tuple[str, list[str]]] = []  # operation and problems of bodies against the schema
        self.processes = ProcessExecutor(folder / "runs", self._of_nodes, self.bugs.append)
        self.address = ""  # of the server, once it listens
        self._executor: Executor = self.processes
        self._simulations: list[SimulatedExecutor] = []
        self.lifecycle = Lifecycle(self.clusters, self.faults, self.clock, self.lock, lambda: self._executor)

    @property
    def workspace_id(self) -> str:
        """The workspace's resource id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )

    def simulate(self, seconds: Seconds, hook: Hook | None, threads: int) -> None:
        """Execute nothing from now on."""
        executor = SimulatedExecutor(self.clock, seconds, hook, threads)
        self._simulations.append(executor)
        self._executor = executor

    def experiment(self, name: str) -> Document:
        """Return an experiment, which is made when it is new."""
        with self.lock:
            return self.experiments.setdefault(
                name,
                {
                    "experimentId": str(uuid.uuid5(uuid.NAMESPACE_URL, self.workspace_id + name)),
                    "name": name,
                    "description": None,
                    "createdUtc": now(),
                    "archivedTime": None,
                    "tags": {},
                },
            )

    def check_work(self, work: Work) -> None:
        """Raise Refusal when the cluster cannot take such a run."""
        cluster = self.clusters.get(work.cluster)
        if cluster is None:
            raise Refusal(400, "UserError", f"Unknown compute target '{work.cluster}'.")
        if work.nodes > cluster.maximum:
            raise Refusal(
                400,
                "UserError",
                f"Requested {work.nodes} nodes but AzureMLCompute cluster only has {cluster.maximum} "
                "maximum nodes.",
            )

    def begin(self, run: Run) -> None:
        """Take a new run. Raises Refusal when its id is known or no id, or its tags exceed a limit."""
        if not re.fullmatch(r"[a-zA-Z0-9][\w-]{0,255}", run.id, re.ASCII):
            raise Refusal(400, "UserError", f"{run.id!r} is no run id.")
        check_tags(run.tags)
        with self.lock:
            if run.id in self.runs:
                raise Refusal(409, "UserError", f"Run with id {run.id} already exists.")
            run.number = len(self.runs) + 1
            run.created = now()
            self.runs[run.id] = run
            self.lifecycle.submit(run)

    def views(self) -> list[RunView]:
        """Return all runs as they are now, in the order of their submission."""
        with self.lock:
            return [view(run) for run in self.runs.values()]

    def close(self) -> None:
        """Stop everything; no process stays."""
        self.clock.close()
        for simulation in self._simulations:
            simulation.close()
        self.processes.close()

    def _of_nodes(self) -> Mapping[str, str]:
        # On a node the identity's endpoint is told by these two variables.
        identity = {"MSI_ENDPOINT": self.address + "/msi/token", "MSI_SECRET": self.tokens.secret}
        return identity | self.node_environment


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise Refusal for more than 50 tags, or one longer than 1,000 characters."""
    if len(tags) > 50 or any(len(text) > 1000 for text in tags.values()):
        raise Refusal(400, "UserError", "The tags are too many or too long.")


def unpack_blobs(blobs: BlobSpace, files: Mapping[str, str], folder: Path) -> None:
    """Write blobs into `folder`; `files` are path -> name of the blob with its container."""
    for path, blob in files.items():
        target = (folder / path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise ValueError(f"{path} leads out of the snapshot")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(blobs.read(blob))
