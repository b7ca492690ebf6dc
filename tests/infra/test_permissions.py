"""docs/deploy-permissions.md tells every role that a deployment assigns, and no other."""

from __future__ import annotations

import re
from typing import Any

from tests.conftest import ROOT
from tests.infra.stack import Wanted, evaluate

DEVELOPER = "33333333-3333-3333-3333-333333333333"
DEPLOYMENTS = (
    Wanted("dev", "dev.bicepparam", {"developerPrincipalId": DEVELOPER, "developerPrincipalType": "User"}),
    Wanted("prod", "prod.bicepparam", {"useAks": True}),
)

_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
_WHO = {  # part of what stands for an object id that only Azure knows
    "/id-function-": "app",
    "/id-scoring-": "nodes",
    "/id-build-": "builds",
    "/id-aks-": "AKS",
    "/evgt-": "Event Grid",
    "/mlw-": "workspace",
    DEVELOPER: "developer",
}
_ON = {  # part of a resource id
    r"/storageAccounts/stdata\w+$": "data account",
    r"/storageAccounts/stops\w+$": "ops account",
    r"/storageAccounts/\w+/blobServices/default/containers/([\w-]+)$": r"container `\1`",
    r"/storageAccounts/\w+/queueServices/default/queues/([\w-]+)$": r"queue `\1`",
    r"/workspaces/[\w-]+$": "workspace",
    r"/registries/\w+$": "registry",
    r"/vaults/[\w-]+$": "key vault",
    r"/components/[\w-]+$": "Application Insights",
    r"/subnets/(\w+)$": r"subnet `\1`",
}


def _told(assignment: dict[str, Any]) -> tuple[str, str, str]:
    """Return who has which role on what, in the words of the document."""
    who = next(name for part, name in _WHO.items() if part in assignment["principalId"])
    found = ((re.search(pattern, assignment["scope"]), name) for pattern, name in _ON.items())
    on = next(match.expand(name) for match, name in found if match)
    return who, assignment["role"], on + (", with a condition" if assignment.get("condition") else "")


def test_the_document_has_every_role_of_the_stack_once() -> None:
    text = (ROOT / "docs" / "deploy-permissions.md").read_text().partition("## What is done")[0]
    rows = [tuple(cell.strip() for cell in row) for row in _ROW.findall(text)][1:]  # without the head
    assigned = {_told(given) for stack in DEPLOYMENTS for given in evaluate(stack).outputs["REELBRUSH_ROLES"]}
    assert len(rows) == len(set(rows))
    assert set(rows) == assigned


def test_what_is_told_is_what_is_made() -> None:
    for wanted in DEPLOYMENTS:
        stack = evaluate(wanted)
        told = {(g["scope"].lower(), g["principalId"], g["roleId"]) for g in stack.outputs["REELBRUSH_ROLES"]}
        made = {
            (
                resource["id"].partition("/providers/Microsoft.Authorization/")[0].lower(),
                resource["properties"]["principalId"],
                resource["properties"]["roleDefinitionId"].rpartition("/")[2],
            )
            for resource in stack.of("Microsoft.Authorization/roleAssignments")
        }
        assert told == made
