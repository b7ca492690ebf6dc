"""Does the subscription's quota allow as many nodes as the clusters may have?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, remark, unchecked
from reelbrush.deploy.site import Site
from reelbrush.pricing.core_quota import core_limits, family_and_cores, plain_family
from reelbrush.pricing.sizes import vm_size

BUILD_SIZE = "Standard_D4s_v3"  # of the cluster that builds images: buildVmSize in machineLearning.bicep


def check_quota(site: Site) -> Iterator[Check]:
    """Yield whether quotas allow all nodes of each cluster that the templates make.

    What is used is not subtracted: a cluster's nodes count as used whether they run or not, so an earlier
    deployment of the same environment would be counted against itself.
    """
    plan = site.plan
    if plan.private:
        yield _cluster(site, "cluster image-build", BUILD_SIZE, 1, False, "")
    if plan.aks:
        yield _kubernetes(site)
        return
    low = plan.gpu_priority == "LowPriority"
    yield _cluster(site, "cluster gpu", plan.gpu_size, plan.gpu_nodes, low, "REELBRUSH_GPU_NODES")
    if plan.dedicated_nodes:
        name = "cluster gpu-dedicated"
        yield _cluster(site, name, plan.gpu_size, plan.dedicated_nodes, False, "REELBRUSH_DEDICATED_NODES")


def _cluster(site: Site, name: str, size: str, nodes: int, low: bool, setting: str) -> Check:
    title, location = f"quota of {name}", site.plan.location
    try:
        family, cores = family_and_cores(size, lambda: site.ml_sizes)
        limits = core_limits(site.ml_usages, family, low)
    except AzError as error:
        return unchecked(title, f"{error} (reading quotas needs the role Reader on the subscription)")
    if not cores or not limits:
        return unchecked(title, f"{location} tells no quota for {family or size}")
    tight, limit = min(limits, key=lambda pair: pair[1])
    if limit >= nodes * cores:
        return passed(title, f"{tight}: {limit}, needed {nodes} x {cores}")
    fit = limit // cores
    ask = f"ask for at least {nodes * cores} in the studio (ml.azure.com, Quota, {location}, {tight})"
    other = "azd env set REELBRUSH_GPU_PRIORITY " + ("Dedicated" if low else "LowPriority")
    less = (
        f"azd env set {setting} {fit}" if fit and setting else other if setting else "another AZURE_LOCATION"
    )
    enough = f"enough for {fit} of {nodes} nodes" if fit else f"not enough for one node of {cores} vCPUs"
    return failed(title, f"{tight} is {limit}, {enough} ({size})", f"{ask}, or {less}")


def _kubernetes(site: Site) -> Check:
    """Look at the quota of plain VMs, which is the one that holds for a Kubernetes cluster's nodes."""
    plan, title = site.plan, "quota of the Kubernetes cluster"
    known = vm_size(plan.gpu_size)
    path = f"{site.scope}/providers/Microsoft.Compute/locations/{plan.location}/usages"
    try:
        rows: list[dict[str, Any]] = list(site.az.list(path, "2024-07-01"))
    except AzError as error:
        return unchecked(title, error)
    if known is None:
        return unchecked(title, f"the family of {plan.gpu_size} is not in this release's table")
    wanted = plain_family(known.family)
    for row in rows:
        names: dict[str, Any] = row.get("name") or {}
        if wanted in (plain_family(str(names.get("value"))), plain_family(str(names.get("localizedValue")))):
            limit, used = int(row.get("limit", 0)), int(row.get("currentValue", 0))
            needed, text = plan.gpu_nodes * known.vcpus, f"{names.get('localizedValue')}: {limit}"
            ask = f"ask for at least {needed} in the portal (Quotas, Compute, {plan.location})"
            if limit < needed:
                return failed(
                    title, f"{text}, needed {needed}", f"{ask}, or azd env set REELBRUSH_GPU_NODES FEWER"
                )
            if limit - used < needed:  # perhaps by nodes of this very deployment
                return remark(title, f"{text}, needed {needed}, and {used} are in use", ask)
            return passed(title, f"{text}, needed {plan.gpu_nodes} x {known.vcpus}")
    return unchecked(title, f"{plan.location} tells no quota for {known.family}")
