"""May the app submit runs, and may the nodes reach the store?"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reelbrush.compute.preflight.check import Check, az_ml, failed, passed, remark, unchecked
from reelbrush.compute.preflight.place import Place
from reelbrush.errors import ComputeError

_AUTHORIZATION = "/providers/Microsoft.Authorization"
_ROLES = "2022-04-01"  # API version
_STORAGE = "2023-05-01"  # API version
_ML = "Microsoft.MachineLearningServices/workspaces/"
_NEEDED = {
    "azureml": ("computes/read", "environments/write", "experiments/runs/submit/action"),
    "azureml-v2": ("computes/read", "environments/write", "jobs/write"),
}
_BLOB_ROLES = {
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
}


@dataclass(frozen=True)
class Identity:
    """An identity of the cluster's nodes; `resource` is empty for the system-assigned one."""

    resource: str
    principal: str
    client: str


def check_own_role(place: Place) -> Iterator[Check]:
    """Yield whether the app's identity may submit runs to the workspace, by whatever role."""
    title = "the app's role"
    try:
        path = place.workspace.arm_id + f"{_AUTHORIZATION}/permissions"
        permissions = list(place.arm.list(path, _ROLES))
    except ComputeError as error:
        yield unchecked(title, error.message)
        return
    needed = _NEEDED.get(place.settings.backend, _NEEDED["azureml"])
    lacking = [action for action in needed if not _allowed(permissions, _ML + action)]
    if lacking:
        yield failed(
            title,
            "role",
            f"the app's identity may not do {', '.join(lacking)} in the workspace",
            'az role assignment create --assignee APP_IDENTITY --role "AzureML Data Scientist" '
            f"--scope {place.workspace.arm_id} (a new role takes some minutes)",
        )
    else:
        yield passed(title, "may submit runs")


def check_node_identity(place: Place, name: str, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield whether the nodes have the identity that they should sign in with, and its role on the store."""
    title, wished = f"identity of {name}", place.settings.scoring_identity
    host = _account(place.settings.store)
    if not host:
        return  # a connection string needs no identity
    identities = _identities(compute)
    if not identities:
        yield failed(
            title,
            "identity",
            "the nodes have no identity, so they cannot reach the store",
            az_ml(
                place.workspace,
                f"compute update --name {name} --identity-type UserAssigned "
                "--user-assigned-identities RESOURCE_ID_OF_THE_IDENTITY",
            ),
        )
        return
    chosen = next((i for i in identities if i.client.lower() == wished.lower()), None)
    if wished and chosen is None:
        yield failed(
            title,
            "identity",
            f"{wished} (REELBRUSH_SCORING_IDENTITY) is none of the cluster's identities",
            "set it to one of " + ", ".join(i.client for i in identities if i.client),
        )
        return
    if not wished and len(identities) > 1:
        yield remark(
            title,
            f"it has {len(identities)}, and nodes take the first of them",
            "set REELBRUSH_SCORING_IDENTITY to the client id of the one that has access to the store",
        )
    used = chosen or identities[0]
    yield from _store_role(place, title, used, host)


def _store_role(place: Place, title: str, identity: Identity, account: str) -> Iterator[Check]:
    called = identity.resource.rpartition("/")[2] or "its own"
    try:
        scope = _account_id(place, account)
        if scope is None:
            yield unchecked(title, f"the storage account {account} is not among those that the app may see")
            return
        wanted = f"assignedTo('{identity.principal}')"
        assigned = list(place.arm.list(f"{scope}{_AUTHORIZATION}/roleAssignments", _ROLES, filter=wanted))
    except ComputeError as error:
        yield unchecked(title, f"{error.message} (needs the role Reader on the storage account)")
        return
    fitting = [
        str(properties.get("scope", ""))
        for properties in (entry.get("properties") or {} for entry in assigned)
        if str(properties.get("roleDefinitionId", "")).rpartition("/")[2].lower() in _BLOB_ROLES
    ]
    if any(f"{scope}/".lower().startswith(f"{at.rstrip('/')}/".lower()) for at in fitting):
        yield passed(title, f"{called}, may read and write blobs of {account}")
    elif fitting:
        containers = ", ".join(sorted(at.rpartition("/")[2] for at in fitting))
        yield remark(
            title, f"{called}, may write to {containers} of {account} alone; it needs input, styles, work"
        )
    else:
        yield failed(
            title,
            "store-role",
            f"{called} may not write blobs of {account}",
            f"az role assignment create --assignee-object-id {identity.principal} "
            '--assignee-principal-type ServicePrincipal --role "Storage Blob Data Contributor" '
            f"--scope {scope}",
        )


def _identities(compute: dict[str, Any]) -> list[Identity]:
    told: dict[str, Any] = compute.get("identity") or {}
    assigned: dict[str, Any] = told.get("userAssignedIdentities") or {}
    found = [
        Identity(resource, str(ids.get("principalId", "")), str(ids.get("clientId", "")))
        for resource, ids in assigned.items()
    ]
    if "systemassigned" in str(told.get("type", "")).lower() and told.get("principalId"):
        found.append(Identity("", str(told["principalId"]), ""))
    return found


def _account(store: str) -> str:
    """Return the name of the storage account that an https store names, else nothing."""
    host = store.removeprefix("https://").partition("/")[0] if store.startswith("https://") else ""
    return host.partition(".")[0] if ".blob." in host else ""


def _account_id(place: Place, account: str) -> str | None:
    path = f"/subscriptions/{place.workspace.subscription}/providers/Microsoft.Storage/storageAccounts"
    for found in place.arm.list(path, _STORAGE):
        if str(found.get("name", "")).lower() == account.lower():
            return str(found["id"])
    return None


def _allowed(permissions: list[dict[str, Any]], action: str) -> bool:
    """Return whether one role allows the action; what one excludes, another may still allow."""

    def among(patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    return any(
        among(role.get("actions") or []) and not among(role.get("notActions") or []) for role in permissions
    )
