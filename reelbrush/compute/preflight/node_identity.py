"""As whom do the nodes sign in, and may that identity read and write the store?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reelbrush.compute.preflight.blob_roles import blob_roles
from reelbrush.compute.preflight.check import Check, az_ml, failed, passed, remark, unchecked
from reelbrush.compute.preflight.cluster import is_managed
from reelbrush.compute.preflight.place import AUTHORIZATION, Place
from reelbrush.errors import ComputeError
from reelbrush.job.names import INPUT, STYLES, WORK

_READ = (INPUT, STYLES, WORK)  # what nodes read; they write to the last alone (docs/deploy-permissions.md)
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
    roles = blob_roles(scope, assigned)
    unread = [container for container in _READ if not roles.may_read(container)]
    if not unread and roles.may_write(WORK):
        everywhere = "*" in roles.writes
        held = "may read and write blobs" if everywhere else f"may read blobs and write to {WORK}"
        yield passed(title, f"{called}, {held} of {account}")
    elif roles.unclear:
        yield remark(
            title,
            f"{called} has a role on {account} under a condition that is not understood here; it needs to "
            f"read {', '.join(_READ)} and to write to {WORK}",
        )
    else:
        lacking = [f"read {', '.join(unread)}"] if unread else []
        lacking += [] if roles.may_write(WORK) else [f"write to {WORK}"]
        yield failed(
            title,
            "store-role",
            f"{called} may not {' and may not '.join(lacking)} of {account}",
            "; ".join(_assign(identity, scope, bool(unread), not roles.may_write(WORK))),
        )


def _assign(identity: Identity, account: str, reading: bool, writing: bool) -> Iterator[str]:
    """Yield the commands that give the smallest roles that are missing."""
    wanted = [("Storage Blob Data Reader", account)] if reading else []
    at_work = f"{account}/blobServices/default/containers/{WORK}"
    wanted += [("Storage Blob Data Contributor", at_work)] if writing else []
    for role, scope in wanted:
        yield (
            f"az role assignment create --assignee-object-id {identity.principal} "
            f'--assignee-principal-type ServicePrincipal --role "{role}" --scope {scope}'
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
