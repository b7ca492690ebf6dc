"""May whoever deploys make resources, and assign roles?"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from typing import Any

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, remark, unchecked
from reelbrush.deploy.site import Site

_MAKE = ("Microsoft.Resources/deployments/write", "Microsoft.Resources/subscriptions/resourceGroups/write")
_ASSIGN = "Microsoft.Authorization/roleAssignments/write"
_API = "2022-04-01"


def check_rights(site: Site) -> Iterator[Check]:
    """Yield what this account may do in the subscription, by whatever roles and groups."""
    try:
        path = f"{site.scope}/providers/Microsoft.Authorization/permissions"
        permissions = list(site.az.list(path, _API))
    except AzError as error:
        yield unchecked("rights", error)
        return
    lacking = [action for action in _MAKE if not allows(permissions, action)]
    if lacking:
        yield failed(
            "rights",
            f"this account may not do {' and '.join(lacking)} in the subscription",
            f"az role assignment create --assignee YOU --role Contributor --scope {site.scope}, or deploy "
            "infra/bicep/stack.bicep into a resource group of yours: az deployment group create",
        )
    else:
        yield passed("rights", "this account may make resources in the subscription")
    yield _roles(site, allows(permissions, _ASSIGN))


def _roles(site: Site, may_assign: bool) -> Check:
    title = "role assignments"
    if not site.plan.assign_roles:
        how = "python -m reelbrush.deploy roles"
        return remark(
            title, "left to an administrator: nothing works before they are made", f"{how} prints them"
        )
    if may_assign:
        return passed(title, "this account may make them")
    return failed(
        title,
        "this account may not assign roles, so the deployment would stop at the first one",
        f'az role assignment create --assignee YOU --role "Role Based Access Control Administrator" '
        f"--scope {site.scope}; or azd env set REELBRUSH_ASSIGN_ROLES false, and an administrator runs what "
        "python -m reelbrush.deploy roles prints",
    )


def allows(permissions: Iterable[dict[str, Any]], action: str) -> bool:
    """Return whether one of the permissions names an action and does not take it out again."""
    return any(
        _matches(permission.get("actions"), action) and not _matches(permission.get("notActions"), action)
        for permission in permissions
    )


def _matches(patterns: Any, action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), str(pattern).lower()) for pattern in patterns or [])


def check_developer(site: Site) -> Iterator[Check]:
    """Yield whether the developer's object is of the kind that is told: Azure refuses a wrong one late."""
    plan, title = site.plan, "developer"
    fix = "azd env set REELBRUSH_DEVELOPER_TYPE "
    if not plan.developer_id:
        if plan.developer_type:
            yield failed(title, "a type without an id", "azd env set REELBRUSH_DEVELOPER_ID OBJECT-ID")
        else:
            own = 'azd env set REELBRUSH_DEVELOPER_ID "$(az ad signed-in-user show --query id --output tsv)"'
            yield remark(title, "nobody but the app may read and write videos", f"{own}; {fix}User")
        return
    if not plan.developer_type:
        yield failed(title, f"{plan.developer_id} has no type", f"{fix}User, Group or ServicePrincipal")
        return
    url = f"https://graph.microsoft.com/v1.0/directoryObjects/{plan.developer_id}"
    try:
        found: Any = site.az.json("rest", "--method", "get", "--url", url)
    except AzError as error:
        if error.code == "not-found":
            yield failed(
                title,
                f"{plan.developer_id} is no object here (an application's id is not its object's)",
                "az ad signed-in-user show --query id, az ad group show or az ad sp show tells the id",
            )
        else:
            yield unchecked(title, error)
        return
    kind = str((found or {}).get("@odata.type", "")).removeprefix("#microsoft.graph.")
    told = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal"}.get(kind, "")
    name = str((found or {}).get("displayName", plan.developer_id))
    if told == plan.developer_type:
        yield passed(title, f"{name}, {told}")
    else:
        yield failed(
            title,
            f"{name} is a {told or kind or 'thing of unknown kind'}, not a {plan.developer_type}",
            fix + (told or "User, Group or ServicePrincipal"),
        )
