"""May the app submit runs to the workspace?"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

from reelbrush.compute.preflight.check import Check, failed, passed, unchecked
from reelbrush.compute.preflight.place import AUTHORIZATION, Place
from reelbrush.errors import ComputeError

_ML = "Microsoft.MachineLearningServices/workspaces/"
_NEEDED = {
    "azureml": ("computes/read", "environments/write", "experiments/runs/submit/action"),
    "azureml-v2": ("computes/read", "environments/write", "jobs/write"),
}


def check_own_role(place: Place) -> Iterator[Check]:
    """Yield whether the app's identity may submit runs to the workspace, by whatever role."""
    title = "role"
    try:
        path = f"{place.workspace.arm_id}/providers/Microsoft.Authorization/permissions"
        permissions = list(place.arm.list(path, AUTHORIZATION))
    except ComputeError as error:
        yield unchecked(title, error.message)
        return
    needed = _NEEDED.get(place.settings.backend, _NEEDED["azureml"])
    lacking = [action for action in needed if not _allowed(permissions, _ML + action)]
    if lacking:
        yield failed(
            title,
            "role",
            f"this identity may not do {', '.join(lacking)} in the workspace",
            'az role assignment create --assignee IDENTITY --role "AzureML Data Scientist" '
            f"--scope {place.workspace.arm_id} (a new role takes some minutes)",
        )
    else:
        yield passed(title, "this identity may submit runs")


def _allowed(permissions: list[dict[str, Any]], action: str) -> bool:
    """Return whether one role allows the action; what one excludes, another may still allow."""

    def among(patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    return any(
        among(role.get("actions") or []) and not among(role.get("notActions") or []) for role in permissions
    )
