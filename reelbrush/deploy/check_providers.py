"""Are the resource providers registered that the templates need?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, remark, unchecked
from reelbrush.deploy.plan import Plan
from reelbrush.deploy.site import Site

_ALWAYS: tuple[str, ...] = (
    "Microsoft.Web",
    "Microsoft.App",  # runs the Flex Consumption plan's virtual network
    "Microsoft.Storage",
    "Microsoft.EventGrid",
    "Microsoft.MachineLearningServices",
    "Microsoft.KeyVault",
    "Microsoft.ContainerRegistry",
    "Microsoft.ManagedIdentity",
    "Microsoft.OperationalInsights",
    "Microsoft.Insights",
)


def needed_providers(plan: Plan) -> list[str]:
    """Return the providers' namespaces that a plan needs."""
    found = list(_ALWAYS)
    if plan.private:
        found.append("Microsoft.Network")
    if plan.budget:
        found.append("Microsoft.Consumption")
    if plan.aks:
        found += ["Microsoft.ContainerService", "Microsoft.KubernetesConfiguration", "Microsoft.Compute"]
    if plan.durable == "dts":
        found.append("Microsoft.DurableTask")
    return found


def check_providers(site: Site) -> Iterator[Check]:
    """Yield one failure per provider that is not registered, or that all are."""
    title = "providers"
    query = "[].{namespace:namespace,state:registrationState}"
    try:
        rows: Any = site.az.json(
            "provider", "list", "--subscription", site.subscription, "--query", query, seconds=180
        )
    except AzError as error:
        yield unchecked(title, error)
        return
    states = {str(row.get("namespace", "")).lower(): str(row.get("state", "")) for row in rows or []}
    needed, well = needed_providers(site.plan), True
    for name in needed:
        state = states.get(name.lower(), "unknown to this subscription")
        fix = f"az provider register --namespace {name} --subscription {site.subscription} --wait"
        if state == "Registering":
            yield remark(title, f"{name} is being registered", fix)
        elif state != "Registered":
            well = False
            yield failed(title, f"{name} is {state}", fix)
    if well:
        yield passed(title, f"{len(needed)} are registered")
