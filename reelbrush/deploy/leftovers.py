"""What Azure keeps of a deleted deployment under its names, until it is purged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, unchecked
from reelbrush.deploy.site import ML_API, Site

VAULT_API = "2023-07-01"
LOGS_API = "2025-02-01"
_GONE = ("SoftDeleted", "Deleted")  # a workspace's state, where the list tells of deleted ones at all


@dataclass(frozen=True)
class Leftover:
    """A deleted resource that still holds its name. `kind` is vault, workspace or logs."""

    kind: str
    name: str
    resource_id: str  # that it had, or has
    location: str
    until: str = ""  # ISO time at which Azure purges it; empty where it does not tell
    protected: bool = False  # against purging, which nobody can lift

    @property
    def what(self) -> str:
        """Its name for people."""
        kinds = {
            "vault": "key vault",
            "workspace": "Azure Machine Learning workspace",
            "logs": "Log Analytics workspace",
        }
        return f"{kinds[self.kind]} {self.name}"

    def purge(self) -> list[str]:
        """Return the arguments of az that purge it; empty where there is no such call."""
        if self.kind == "vault":
            return ["keyvault", "purge", "--name", self.name, "--location", self.location]
        if self.kind == "workspace":
            pairs = [f"api-version={ML_API}", "forceToPurge=true"]
            return ["rest", "--method", "delete", "--url", self.resource_id, "--url-parameters", *pairs]
        return []


def deleted_vaults(site: Site) -> Iterator[Leftover]:
    """Yield the environment's deleted key vaults. Raises AzError."""
    for row in site.az.list(f"{site.scope}/providers/Microsoft.KeyVault/deletedVaults", VAULT_API):
        about: dict[str, Any] = row.get("properties") or {}
        if _ours(site, about.get("tags"), str(about.get("vaultId", ""))):
            yield Leftover(
                "vault",
                str(row.get("name")),
                str(about.get("vaultId")),
                str(about.get("location")),
                str(about.get("scheduledPurgeDate", "")),
                bool(about.get("purgeProtectionEnabled")),
            )


def deleted_workspaces(site: Site) -> Iterator[Leftover]:
    """Yield the environment's deleted workspaces of Azure Machine Learning, as far as Azure lists them.

    No documented call lists them for sure: they are looked for in the subscription's list, which is
    reported to hold deleted ones (Azure/azure-powershell#28286). The portal shows all of them (Azure Machine
    Learning, Recently deleted). Raises AzError.
    """
    for row in site.az.list(f"{site.scope}/providers/Microsoft.MachineLearningServices/workspaces", ML_API):
        about: dict[str, Any] = row.get("properties") or {}
        if str(about.get("provisioningState")) in _GONE and _ours(site, row.get("tags"), str(row.get("id"))):
            yield _workspace(row)


def living_workspaces(site: Site) -> Iterator[Leftover]:
    """Yield the environment's workspaces that still are there. Raises AzError."""
    for row in site.az.list(f"{site.scope}/providers/Microsoft.MachineLearningServices/workspaces", ML_API):
        state = str((row.get("properties") or {}).get("provisioningState"))
        if state not in _GONE and _ours(site, row.get("tags"), str(row.get("id"))):
            yield _workspace(row)


def deleted_logs(site: Site) -> Iterator[Leftover]:
    """Yield the environment's deleted Log Analytics workspaces, kept for 14 days. Raises AzError."""
    for row in site.az.list(
        f"{site.scope}/providers/Microsoft.OperationalInsights/deletedWorkspaces", LOGS_API
    ):
        if _ours(site, row.get("tags"), str(row.get("id"))):
            yield Leftover("logs", str(row.get("name")), str(row.get("id")), str(row.get("location")))


def check_leftovers(site: Site) -> Iterator[Check]:
    """Yield what keeps the names of a new deployment from being used."""
    found: list[tuple[str, Leftover]] = []
    asked = True
    for title, look in (("deleted vaults", deleted_vaults), ("deleted workspaces", deleted_workspaces)):
        try:
            found += [(title, leftover) for leftover in look(site)]
        except AzError as error:
            asked = False
            yield unchecked(title, error)
    for title, leftover in found:
        if leftover.protected:
            yield failed(
                title,
                f"{leftover.what} is protected from purging until {leftover.until}",
                f"az keyvault recover --name {leftover.name}, or another name: azd env new NAME",
            )
        else:
            yield failed(
                title,
                f"{leftover.what} was deleted and holds its name",
                f"az {' '.join(leftover.purge())} (python -m reelbrush.deploy purge --yes does all of them)",
            )
    if asked and not found:
        yield passed("deleted twins", f"none of {site.plan.environment} is listed")


def _workspace(row: dict[str, Any]) -> Leftover:
    return Leftover("workspace", str(row.get("name")), str(row.get("id")), str(row.get("location")))


def _ours(site: Site, tags: Any, resource_id: str) -> bool:
    """Return whether a resource is of this environment: by azd's tag, or by its resource group."""
    told = {str(name).lower(): str(value) for name, value in tags.items()} if isinstance(tags, dict) else {}
    if "azd-env-name" in told:
        return told["azd-env-name"] == site.plan.environment
    return f"/resourcegroups/{site.plan.group}/".lower() in resource_id.lower()
