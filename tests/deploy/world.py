"""A subscription in which everything is well, as `az` tells of it, for tests to spoil."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from reelbrush.deploy.az import Az
from reelbrush.deploy.check import Check, Outcome
from reelbrush.deploy.plan import read_plan
from reelbrush.deploy.site import Site
from reelbrush.deploy.values import Values

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
DEVELOPER = "99999999-2222-3333-4444-555555555555"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
ML = f"{SCOPE}/providers/Microsoft.MachineLearningServices"
HERE = f"{ML}/locations/westeurope"
SITE = f"{SCOPE}/resourceGroups/rg-dev/providers/Microsoft.Web/sites/func-dev"
VAULTS = f"rest get {SCOPE}/providers/Microsoft.KeyVault/deletedVaults"
WORKSPACES = f"rest get {ML}/workspaces"
LOGS = f"rest get {SCOPE}/providers/Microsoft.OperationalInsights/deletedWorkspaces"
PERMISSIONS = f"rest get {SCOPE}/providers/Microsoft.Authorization/permissions"
REGISTERED = [
    *("Web", "App", "Storage", "EventGrid", "MachineLearningServices", "KeyVault", "ContainerRegistry"),
    *("ManagedIdentity", "Network", "OperationalInsights", "Insights", "Consumption"),
    *("ContainerService", "KubernetesConfiguration", "Compute", "DurableTask"),
]
VALUES = {
    "AZURE_ENV_NAME": "dev",
    "AZURE_LOCATION": "westeurope",
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    "REELBRUSH_ALERT_EMAIL": "ops@example.com",
    "REELBRUSH_BUDGET": "50",
    "REELBRUSH_DEVELOPER_ID": DEVELOPER,
    "REELBRUSH_DEVELOPER_TYPE": "User",
}
OUTPUTS = {
    "AZURE_RESOURCE_GROUP": "rg-dev",
    "AZURE_FUNCTION_APP_NAME": "func-dev",
    "AZURE_EVENT_GRID_TOPIC": "evgt-dev",
    "AZURE_OPS_STORAGE_ACCOUNT": "stopsdev",
    "REELBRUSH_UPLOAD_EVENTS_MODE": "webhook",
}


def usage(kind: str, name: str, limit: int) -> dict[str, Any]:
    """Return a row of the region's usages."""
    kind = f"Microsoft.MachineLearningServices/{kind}/usages"
    return {
        "id": f"{HERE}/usages/x",
        "type": kind,
        "currentValue": 0,
        "limit": limit,
        "name": {"value": name},
    }


def size(name: str, family: str, cores: int, **more: Any) -> dict[str, Any]:
    """Return a row of the region's sizes."""
    return {"name": name, "family": family, "vCPUs": cores, "supportedComputeTypes": ["AmlCompute"], **more}


T4 = "Standard_NC4as_T4_v3"
USAGES = [
    usage("dedicatedCores", "Total Cluster Dedicated Regional vCPUs", 100),
    usage("lowPriorityCores", "Total Cluster LowPriority Regional vCPUs", 20),
    usage("vmFamily", "Standard NCASv3_T4 Family Cluster Dedicated vCPUs", 24),
    usage("vmFamily", "Standard DSv3 Family Cluster Dedicated vCPUs", 10),
]
SIZES = [
    size(T4, "Standard NCASv3_T4 Family", 4, lowPriorityCapable=True),
    size("Standard_D4s_v3", "standardDSv3Family", 4),
]


class World:
    """A folder with `az` and `azd` that answer as this scenario says; `healthy()` fills it."""

    def __init__(self, folder: Path, azd: bool = False) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.scenario: dict[str, list[Any]] = {}
        (folder / "calls.txt").write_text("")
        for program in ["az"] + (["azd"] if azd else []):
            script = self.bin / program
            fake = Path(__file__).with_name("fake_cli.py")
            # Like the real one, the script starts a Python and waits for it.
            line = f'"{sys.executable}" -I -S "{fake}" "{folder}" {program} "$@"'
            script.write_text(f"#!/bin/sh\n{line}\nexit $?\n")
            script.chmod(0o755)

    def says(self, command: str, *answers: Any) -> None:
        """Set what a command answers, call by call: JSON values, or what the functions below make."""
        self.scenario[command] = [a if isinstance(a, _Raw) else {"json": a} for a in answers]
        (self.folder / "scenario.json").write_text(json.dumps(self.scenario))

    def healthy(self) -> World:
        """Fill in a subscription in which everything is well."""
        self.says("version", {"azure-cli": "2.91.0", "azure-cli-core": "2.91.0", "extensions": {}})
        self.says("bicep version", text("Bicep CLI version 0.38.33 (6bb5d5f859)"))
        user = {"name": "ada@example.com", "type": "user"}
        self.says("account show", {"id": SUBSCRIPTION, "name": "Films", "state": "Enabled", "user": user})
        rows = [{"namespace": f"Microsoft.{name}", "state": "Registered"} for name in REGISTERED]
        self.says("provider list", rows)
        self.says(PERMISSIONS, {"value": [{"actions": ["*"], "notActions": []}]})
        graph = {"@odata.type": "#microsoft.graph.user", "displayName": "Ada", "id": DEVELOPER}
        self.says(f"rest get https://graph.microsoft.com/v1.0/directoryObjects/{DEVELOPER}", graph)
        names = ("westeurope", "eastus", "qatarcentral")
        self.says(f"rest get {SCOPE}/locations", {"value": [{"name": name} for name in names]})
        self.says("functionapp list-flexconsumption-locations", [{"name": "westeurope"}, {"name": "eastus"}])
        self.says(f"rest get {HERE}/vmSizes", {"value": SIZES})
        self.says(f"rest get {HERE}/usages", {"value": USAGES})
        budget = f"{SCOPE}/resourceGroups/rg-dev/providers/Microsoft.Consumption/budgets/reelbrush"
        self.says(f"rest get {budget}", not_found("Budget reelbrush was not found"))
        for command in (VAULTS, WORKSPACES, LOGS):
            self.says(command, {"value": []})
        return self

    @property
    def calls(self) -> list[str]:
        """The commands so far, without options."""
        return (self.folder / "calls.txt").read_text().splitlines()

    @property
    def arguments(self) -> str:
        """Everything that was ever an argument."""
        return (self.folder / "arguments.txt").read_text()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that finds these programs and no others of their name."""
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def az(self, seconds: float = 20) -> Az:
        """Return the client of this world's az."""
        return Az(str(self.bin / "az"), seconds)

    def site(self, **values: str) -> Site:
        """Return the site of the deployment that VALUES describe, with others put over them."""
        plan, problems = read_plan(Values({**VALUES, **values}, "a test"))
        assert not problems
        return Site(plan, self.az(), SUBSCRIPTION)


class _Raw(dict[str, Any]):
    """An answer that is not plain JSON."""


def text(words: str) -> _Raw:
    """Return an answer that is printed as it is."""
    return _Raw(text=words)


def error(words: str, code: int = 1) -> _Raw:
    """Return a failure with its words on stderr."""
    return _Raw(error=words, code=code)


def silence(seconds: float) -> _Raw:
    """Return an answer that takes a long time."""
    return _Raw(sleep=seconds, json=None)


def question() -> _Raw:
    """Return an answer that waits for somebody to say yes."""
    return _Raw(asks=True, json=None)


def forbidden(action: str) -> _Raw:
    """Return what `az rest` prints when a role is missing."""
    inner = {
        "error": {
            "code": "AuthorizationFailed",
            "message": f"The client does not have authorization to {action}",
        }
    }
    return error(f"Forbidden({json.dumps(inner)})")


def not_found(what: str) -> _Raw:
    """Return what `az rest` prints when something is not there."""
    return error(f"Not Found({json.dumps({'error': {'code': 'ResourceNotFound', 'message': what}})})")


def told(checks: list[Check], outcome: Outcome) -> str:
    """Return all checks with an outcome, as they are printed."""
    return "\n".join(str(check) for check in checks if check.outcome is outcome)


def path_with(folder: Path) -> str:
    """Return a PATH on which the programs in `folder` come first."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
