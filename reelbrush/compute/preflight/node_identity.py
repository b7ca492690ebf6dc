"""As whom do the nodes sign in, and may that identity read and write the store?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reelbrush.compute.preflight.check import Check, az_ml, failed, passed, remark, unchecked
from reelbrush.compute.preflight.cluster import is_managed
from reelbrush.compute.preflight.place import AUTHORIZATION, Place
from reelbrush.errors import ComputeError

_BLOB_ROLES = {
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
}
_ASSIGN = "--identity-type UserAssigned --user-assigned-identities RESOURCE_ID_OF_THE_IDENTITY"


@dataclass(frozen=True)
class Identity:
    """An identity of the cluster's nodes; `resource` is empty for the system-assigned one."""

    resource: str
    principal: str
    client: str


def check_node_identity(place: Place, name: str, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield whether the nodes have the identity that they should sign in with, and its role on the store."""
    title, wished = f"identity of {name}", place.settings.scoring_identity
    if not place.account_name:
        return
    identities = _identities(compute)
    if not identities:
        yield failed(
            title,
            "identity",
            "the nodes have no identity, so they cannot reach the store",
            az_ml(place.workspace, f"compute update --name {name} {_ASSIGN}")
            if is_managed(compute)
            else f"detach the cluster and attach it again with {_ASSIGN} (docs/kubernetes.md)",
        )
        return
    if not is_managed(compute):
        wished = ""  # an attached cluster has one identity, which is named to nobody
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
    yield from _store_role(place, title, chosen or identities[0])


def _store_role(place: Place, title: str, identity: Identity) -> Iterator[Check]:
    called, account = identity.resource.rpartition("/")[2] or "its own", place.account_name
    try:
        if place.account is None or not identity.principal:
            yield unchecked(
                title, f"whether {called} may write blobs of {account}, which the app may not see"
            )
            return
        scope = str(place.account["id"])
        wanted = f"assignedTo('{identity.principal}')"
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
        assigned = list(place.arm.list(path, AUTHORIZATION, filter=wanted))
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
