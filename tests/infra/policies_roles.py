"""Who has which role on what: exactly this, on every stack."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reelbrush.job.names import WORK
from tests.infra.stack import Resource, Stack, at

NAMES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": "AzureML Data Scientist",
    "b556d68e-0be0-4f35-a333-ad7ee1ce17ea": "Azure AI Enterprise Network Connection Approver",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "0ad04412-c4d5-4796-b79c-f76d14c8d402": "Durable Task Data Contributor",
    "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
}
_FOREIGN = ("azure-webjobs-hosts", "azure-webjobs-secrets", "app-package", "dead-letters", "reelbrush-leases")
_NOT_STARTS = re.compile(r"containers:name\]\s+StringNotStartsWith\s+'([^']+)'")
_IS = re.compile(r"containers:name\]\s+String(?:Equals|StartsWith|Like)\s+'([^']+)'")

Grant = tuple[str, str, str]  # who, role, on what


def roles_are_exactly_these(stack: Stack) -> Iterator[str]:
    """No identity may do more, or less, than the code needs."""
    found = {grant(stack, r) for r in stack.of("Microsoft.Authorization/roleAssignments")}
    wanted = needed(stack) if stack.wanted.params.get("assignRoles") is not False else set[Grant]()
    for who, role, what in sorted(found - wanted):
        yield f"{who} has {role} on {what}, which nothing needs"
    for who, role, what in sorted(wanted - found):
        yield f"{who} lacks {role} on {what}"


def nodes_stay_out_of_what_is_not_theirs(stack: Stack) -> Iterator[str]:
    """Nodes write to `work/` alone among the videos; neither they nor builds reach containers of the host."""
    for assignment in stack.of("Microsoft.Authorization/roleAssignments"):
        who, role, what = grant(stack, assignment)
        if who not in ("scoring", "builder") or not role.startswith("Storage Blob"):
            continue
        condition = str(at(assignment, "properties.condition") or "")
        if what == "data" and role != "Storage Blob Data Reader" and _IS.findall(condition) != [WORK]:
            yield f"nodes have {role} on all videos"
        if what == "ops":
            open_to = [
                c
                for c in _FOREIGN
                if not any(c.startswith(begins) for begins in _NOT_STARTS.findall(condition))
            ]
            if open_to and not (
                _IS.findall(condition) and all(b.startswith("azureml") for b in _IS.findall(condition))
            ):
                yield f"nodes have {role} on the containers {open_to} of the host"
            if condition.count("(") != condition.count(")") or "ActionMatches" not in condition:
                yield f"the condition of {role} on {what} is no condition: {condition}"


def who_paints_cannot_change_what_is_run(stack: Stack) -> Iterator[str]:
    """Nodes read uploads of anybody: the image that they run is built, and pushed, by another identity."""
    for compute in stack.of("Microsoft.MachineLearningServices/workspaces/computes"):
        wanted = "/id-build-" if compute["name"].endswith("/image-build") else "/id-scoring-"
        identities = list(at(compute, "identity.userAssignedIdentities") or {})
        if len(identities) != 1 or wanted not in identities[0]:
            yield f"{compute['name']} works as {identities}"


def an_administrator_is_told_every_role(stack: Stack) -> Iterator[str]:
    """The output REELBRUSH_ROLES names what is assigned, or would be; each with a reason."""
    told = {
        (str(r["principalId"]), r["roleId"], r["scope"].lower(), r.get("condition") or "")
        for r in stack.outputs["REELBRUSH_ROLES"]
    }
    made = {
        (
            str(at(r, "properties.principalId")),
            str(at(r, "properties.roleDefinitionId")).split("/")[-1],
            _scope(r).lower(),
            at(r, "properties.condition") or "",
        )
        for r in stack.of("Microsoft.Authorization/roleAssignments")
    }
    if stack.wanted.params.get("assignRoles") is False:
        if made:
            yield f"{len(made)} roles are assigned, though none was to be"
    elif told != made:
        yield f"told, not assigned: {sorted(told - made)}; assigned, not told: {sorted(made - told)}"
    if len(told) < 10:
        yield f"only {len(told)} roles are told"
    for entry in stack.outputs["REELBRUSH_ROLES"]:
        if not entry.get("why") or entry.get("principalType") not in ("ServicePrincipal", "User", "Group"):
            yield f"{entry} does not tell why, or for what kind of principal"
        if NAMES.get(entry["roleId"]) != entry["role"]:
            yield f"{entry['roleId']} is not {entry['role']}"


def grant(stack: Stack, assignment: Resource) -> Grant:
    """Return who gets which role on what, in the words of `needed`."""
    role = str(at(assignment, "properties.roleDefinitionId")).split("/")[-1]
    return (
        _who(str(at(assignment, "properties.principalId"))),
        NAMES.get(role, role),
        _what(stack, _scope(assignment)),
    )


def needed(stack: Stack) -> set[Grant]:
    """Return what the code and the services need on such a stack."""
    queue = stack.outputs["REELBRUSH_UPLOAD_EVENTS_MODE"] == "queue"
    grants = {
        ("function", "Storage Blob Data Owner", "ops"),  # leases and packages
        ("function", "Storage Queue Data Contributor", "ops"),
        ("function", "Storage Table Data Contributor", "ops"),
        ("function", "Storage Blob Data Contributor", "data"),
        ("function", "AzureML Data Scientist", "workspace"),
        ("function", "Monitoring Metrics Publisher", "insights"),
        ("scoring", "Storage Blob Data Reader", "data"),
        ("scoring", "Storage Blob Data Contributor", "data/work"),
        ("scoring", "Storage Blob Data Contributor", "ops"),  # under a condition
        ("scoring", "AcrPull", "registry"),
        ("scoring", "Monitoring Metrics Publisher", "insights"),
        ("topic", "Storage Blob Data Contributor", "ops/dead-letters"),
    }
    if queue:
        grants |= {("topic", "Storage Queue Data Message Sender", "ops/video-uploaded")}
    else:
        grants |= {("function", "Storage Queue Data Contributor", "data")}  # uploads that failed too often
    if stack.private:
        approver = "Azure AI Enterprise Network Connection Approver"
        grants |= {("workspace", approver, what) for what in ("data", "ops", "vault", "registry")}
        grants |= {("builder", "AcrPush", "registry")}  # which cannot build by itself
        grants |= {("builder", "Storage Blob Data Contributor", "ops")}  # under a condition
    if stack.private and stack.aks:
        grants |= {("cluster", "Network Contributor", "subnet")}
    if stack.wanted.params.get("durableBackend") == "dts":
        grants |= {("function", "Durable Task Data Contributor", "scheduler")}
    if stack.wanted.params.get("developerPrincipalId"):
        grants |= {("developer", "Storage Blob Data Contributor", "data")}
        grants |= {("developer", "Storage Blob Data Reader", "ops")}  # logs of runs, under a condition
    return grants


def _scope(assignment: Resource) -> str:
    return assignment["id"].split("/providers/Microsoft.Authorization/roleAssignments/")[0]


def _who(principal: str) -> str:
    kinds = {
        "id-function": "function",
        "id-scoring": "scoring",
        "id-build": "builder",
        "Microsoft.EventGrid/systemTopics": "topic",
        "Microsoft.MachineLearningServices/workspaces": "workspace",
        "userAssignedIdentities/id-aks": "cluster",
        "33333333-": "developer",
    }
    return next((who for part, who in kinds.items() if part in principal), principal)


def _what(stack: Stack, scope: str) -> str:
    kinds = {
        "vaults": "vault",
        "registries": "registry",
        "components": "insights",
        "workspaces": "workspace",
        "schedulers": "scheduler",
        "subnets": "subnet",
    }
    parts = scope.split("/")
    for purpose in ("data", "ops"):
        account = stack.account(purpose)["id"]
        if scope == account:
            return purpose
        if scope.startswith(f"{account}/"):
            return f"{purpose}/{parts[-1]}"
    return kinds.get(parts[-2], scope)


POLICIES = (
    roles_are_exactly_these,
    nodes_stay_out_of_what_is_not_theirs,
    who_paints_cannot_change_what_is_run,
    an_administrator_is_told_every_role,
)
