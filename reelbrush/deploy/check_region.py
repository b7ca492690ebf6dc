"""Does the region offer the Flex Consumption plan and nodes of the wished size?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, unchecked
from reelbrush.deploy.site import ML_API, Site


def check_region(site: Site) -> Iterator[Check]:
    """Yield what the region offers of what the templates need."""
    location = site.plan.location
    try:
        known = site.locations
    except AzError as error:
        yield unchecked("region", error)
        return
    if location not in known:
        yield failed(
            "region",
            f"{location} is no region of this subscription",
            'azd env set AZURE_LOCATION REGION (az account list-locations --query "[].name" lists them)',
        )
        return
    yield passed("region", location)
    yield _flex(site)
    if site.plan.aks:
        yield from _kubernetes_size(site)
    else:
        yield _cluster_size(site)


def _flex(site: Site) -> Check:
    title = "Flex Consumption"
    zones = ["--zone-redundant"] if site.plan.app_zones else []
    command = "az functionapp list-flexconsumption-locations" + "".join(f" {word}" for word in zones)
    try:
        rows: Any = site.az.json(
            "functionapp", "list-flexconsumption-locations", *zones, "--subscription", site.subscription
        )
    except AzError as error:
        return unchecked(title, error, f"{command} lists its regions")
    offered = {_plain(str(row.get("name", ""))) for row in rows or []}
    what = "with zone redundancy" if zones else "here"
    if site.plan.location in offered:
        return passed(title, f"offered {what}")
    return failed(
        title,
        f"{site.plan.location} does not offer it {what}: the app cannot be made",
        f"azd env set AZURE_LOCATION REGION ({command} lists {len(offered)})"
        + (", or azd env set REELBRUSH_APP_ZONES false" if zones else ""),
    )


def _cluster_size(site: Site) -> Check:
    plan, title = site.plan, "size in the region"
    path = f"{site.scope}/providers/Microsoft.MachineLearningServices/locations/{plan.location}/vmSizes"
    lists = f"az rest --method get --url {path} --url-parameters api-version={ML_API} --query value[].name"
    try:
        offered = site.ml_sizes.get(plan.gpu_size.lower())
    except AzError as error:
        return unchecked(title, error)
    if offered is None or "AmlCompute" not in offered.get("supportedComputeTypes", ["AmlCompute"]):
        return failed(
            title,
            f"{plan.location} does not offer {plan.gpu_size} to this subscription's clusters",
            f"azd env set REELBRUSH_GPU_SIZE SIZE or another AZURE_LOCATION ({lists})",
        )
    if plan.gpu_priority == "LowPriority" and offered.get("lowPriorityCapable") is False:
        return failed(
            title,
            f"{plan.location} offers {plan.gpu_size} dedicated only",
            "azd env set REELBRUSH_GPU_PRIORITY Dedicated",
        )
    return passed(title, f"{plan.gpu_size} is offered as {plan.gpu_priority}")


def _kubernetes_size(site: Site) -> Iterator[Check]:
    """Ask for plain VMs: the nodes of a Kubernetes cluster are not Azure Machine Learning's."""
    plan, title = site.plan, "size in the region"
    try:
        rows: Any = site.az.json(
            "vm", "list-skus", "--location", plan.location, "--size", plan.gpu_size, "--all",
            "--subscription", site.subscription, seconds=240,
        )  # fmt: skip
    except AzError as error:
        yield unchecked(title, error)
        return
    skus = [row for row in rows or [] if str(row.get("name", "")).lower() == plan.gpu_size.lower()]
    why = [
        str(rule.get("reasonCode"))
        for row in skus
        for rule in row.get("restrictions") or []
        if rule.get("type") == "Location"
    ]
    if not skus or why:
        yield failed(
            title,
            f"{plan.location} does not offer {plan.gpu_size} ({', '.join(why) or 'unknown there'})",
            "azd env set REELBRUSH_GPU_SIZE SIZE, or another AZURE_LOCATION",
        )
    else:
        yield passed(title, f"{plan.gpu_size} is offered to virtual machines")


def _plain(name: str) -> str:
    return name.replace(" ", "").lower()
