"""What tests hold in their hands."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.azureml import (
    arm,
    arm_storage,
    environments,
    execution,
    history,
    identity,
    snapshots,
    storage,
    v2_assets,
    v2_jobs,
)
from tests.fakes.azureml.artifacts import serve_logs
from tests.fakes.azureml.calls import Call
from tests.fakes.azureml.cluster import Cluster
from tests.fakes.azureml.runs import ENDED, RunView
from tests.fakes.azureml.scenario import Scenario
from tests.fakes.azureml.server import Server
from tests.fakes.azureml.service import Service
from tests.fakes.azureml.simulation import Hook, Seconds

# Importing a module of routes enters them into the table.
ROUTES = (
    *(arm, arm_storage, environments, execution, history),
    *(identity, snapshots, storage, v2_assets, v2_jobs),
)
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


class StandIn:
    """A running service with one workspace and the clusters gpu-cluster, gpu-dedicated and aks-gpu."""

    def __init__(
        self, folder: Path, subscription: str = SUBSCRIPTION, group: str = "rg", name: str = "ws"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.service = Service(folder, subscription, group, name)
        serve_logs(self.service)
        self._server = Server(self.service, folder)
        self._trusted = folder / "trusted.pem"
        self.trust(self._server.certificate)

    # ---- what clients need ----
    @property
    def environment(self) -> dict[str, str]:
        """Variables that bring a process with a real SDK here."""
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        certificate = str(self._trusted)
        return {
            "HTTPS_PROXY": self._server.address,
            "HTTP_PROXY": self._server.address,
            "NO_PROXY": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": certificate,
            "SSL_CERT_FILE": certificate,
            "IDENTITY_ENDPOINT": self._server.address + "/msi/token",
            "IDENTITY_HEADER": self.service.tokens.secret,
            "HOME": str(home),
        }

    def trust(self, certificate: Path) -> None:
        """Let visitors trust another server's certificate too, such as that of a storage account."""
        blocks = certificate.read_text().split("-----BEGIN ")[1:]
        with self._trusted.open("a") as file:
            file.writelines(f"-----BEGIN {block}" for block in blocks if block.startswith("CERTIFICATE"))

    def visit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bring this process here until the test ends."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        for name in ("https_proxy", "http_proxy", "no_proxy", "all_proxy", "ALL_PROXY", "MSI_ENDPOINT"):
            monkeypatch.delenv(name, raising=False)

    @property
    def workspace_id(self) -> str:
        """The workspace's resource id."""
        return self.service.workspace_id

    def credential(self, seconds: int = 24 * 3600) -> Any:
        """Return a TokenCredential whose tokens are let in, without the way over the identity's endpoint."""
        tokens = self.service.tokens

        class Credential:
            def get_token(self, *scopes: str, **options: Any) -> Any:
                from azure.core.credentials import AccessToken

                return AccessToken(*tokens.make(scopes[0].removesuffix("/.default"), seconds=seconds))

        return Credential()

    # ---- what happens ----
    def scenario(self, **faults: Any) -> None:
        """Let these faults happen from now on, and no others. See `Scenario`."""
        self.service.faults.set(Scenario(**faults))
        self.service.lifecycle.wake()

    def cluster(self, name: str) -> Cluster:
        """Return a cluster, whose facts may be changed."""
        return self.service.clusters[name]

    def add_cluster(self, cluster: Cluster) -> None:
        """Add or replace a cluster."""
        self.service.clusters[cluster.name] = cluster

    def remove_cluster(self, name: str) -> None:
        """Delete a cluster on which nothing runs."""
        del self.service.clusters[name]

    def simulate(self, seconds: Seconds = 0.0, hook: Hook | None = None, threads: int = 4) -> None:
        """Execute nothing: each start takes `seconds`, then `hook(run, share)` is called in a pool.

        `share` is 1.0 for a start that had all its time, less for one that was evicted or canceled.
        """
        self.service.simulate(seconds, hook, threads)

    def evict(self, run: str, face: str = "requeue") -> None:
        """Take the node of a running run away now: requeue, failed or canceled."""
        self.service.lifecycle.evict(self.service.runs[run], face)

    @property
    def node_environment(self) -> dict[str, str]:
        """More variables of all nodes, such as the store's connection string; change it at any time."""
        return self.service.node_environment

    # ---- what happened ----
    def calls(self, operation: str = "") -> list[Call]:
        """Return the requests until now, of one operation (see `routing`) or all, token requests too."""
        return [call for call in self.service.log.calls() if not operation or call.operation == operation]

    def forget_calls(self) -> None:
        """Begin a new list of calls."""
        self.service.log.clear()

    def runs(self) -> list[RunView]:
        """Return all runs as they are now, in the order of their submission."""
        return self.service.views()

    def run(self, run: str) -> RunView:
        """Return one run as it is now. Raises KeyError."""
        return {view.id: view for view in self.runs()}[run]

    def logs(self, run: str) -> dict[str, str]:
        """Return name -> text of a run's logs."""
        folder = self.service.processes.logs(run) / "user_logs"
        return {file.name: file.read_text(errors="replace") for file in sorted(folder.glob("*"))}

    def alive(self) -> list[tuple[str, int]]:
        """Return run and process id of everything that still runs."""
        return self.service.processes.alive()

    def refused_hosts(self) -> list[str]:
        """Return the hosts outside the service that somebody wanted to reach."""
        return self.service.log.refused()

    @property
    def bugs(self) -> list[BaseException]:
        """What went wrong in the stand-in itself, unknown requests too; the fixture fails the test for it."""
        return self.service.bugs

    @property
    def invalid(self) -> list[tuple[str, list[str]]]:
        """Bodies that the published schema does not allow: what, and its problems."""
        return self.service.invalid

    def wait(self, check: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until `check` holds; a test that waits in vain fails."""
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, [(run.id, run.status, run.error) for run in self.runs()][:20]
            time.sleep(0.02)

    def wait_ended(self, seconds: float = 60.0) -> None:
        """Wait until no run is queued or running."""
        self.wait(lambda: all(run.status in ENDED for run in self.runs()), seconds)

    def __enter__(self) -> StandIn:
        """Return the stand-in itself, which `with` closes."""
        return self

    def __exit__(self, *error: object) -> None:
        """Stop everything."""
        self.close()

    def close(self) -> None:
        """Stop everything and remove the folders of the runs."""
        self._server.close()
        self.service.close()
        shutil.rmtree(self._folder / "runs", ignore_errors=True)
