"""The role assignments of a deployment as commands, for an administrator to run."""

from __future__ import annotations

import json
import shlex
from typing import Any

from reelbrush.deploy.az import Az, AzError
from reelbrush.deploy.values import Values

_OUTPUT = "REELBRUSH_ROLES"


def print_roles(values: Values, az: Az) -> int:
    """Print one `az role assignment create` per assignment and return 0, or 1 where none is known.

    Repeating a command does nothing: Azure knows an assignment by principal, role and scope.
    """
    try:
        commands = [command(assignment) for assignment in _assignments(values, az)]
    except (AzError, ValueError) as error:
        print(f"FAIL  roles: {error}")
        print("      fix: azd provision (with REELBRUSH_ASSIGN_ROLES false it assigns none), then again")
        return 1
    print(*commands, sep="\n")
    return 0


def command(assignment: dict[str, Any]) -> str:
    """Return the commented command of one assignment of the output REELBRUSH_ROLES. Raises ValueError."""
    try:
        arguments = [
            "az", "role", "assignment", "create",
            "--assignee-object-id", str(assignment["principalId"]),
            "--assignee-principal-type", str(assignment["principalType"]),
            "--role", str(assignment["roleId"]).rpartition("/")[2],
            "--scope", str(assignment["scope"]),
        ]  # fmt: skip
    except KeyError as error:
        raise ValueError(f"an assignment of the output {_OUTPUT} has no {error}") from None
    if assignment.get("condition"):
        arguments += ["--condition", str(assignment["condition"]), "--condition-version", "2.0"]
    why = " ".join(f"{assignment.get('role', '')}: {assignment.get('why', '')}".split())
    return f"# {why}\n{shlex.join(arguments)}"


def _assignments(values: Values, az: Az) -> list[dict[str, Any]]:
    text = values.get(_OUTPUT)
    found: Any = json.loads(text) if text else _of_the_last_deployment(values, az)
    if not isinstance(found, list) or not found:
        raise ValueError(f"the deployment's output {_OUTPUT} is empty")
    return [row for row in found if isinstance(row, dict)]


def _of_the_last_deployment(values: Values, az: Az) -> Any:
    """Return the output of the environment's newest deployment. Raises AzError, ValueError."""
    environment, subscription = values.get("AZURE_ENV_NAME"), values.get("AZURE_SUBSCRIPTION_ID")
    own = ["--subscription", subscription] if subscription else []
    rows: list[dict[str, Any]] | None = az.json(
        "deployment", "sub", "list", *own,
        "--query", "[].{name:name,tags:tags,at:properties.timestamp,state:properties.provisioningState}",
    )  # fmt: skip
    ours = [
        row
        for row in rows or []
        if (row.get("tags") or {}).get("azd-env-name") == environment and row.get("state") == "Succeeded"
    ]
    if not environment or not ours:
        raise ValueError(f"no deployment of the environment {environment or '(without a name)'} was found")
    newest = str(max(ours, key=lambda row: str(row.get("at")))["name"])
    query = f"properties.outputs.{_OUTPUT}.value"
    return az.json("deployment", "sub", "show", *own, "--name", newest, "--query", query)
