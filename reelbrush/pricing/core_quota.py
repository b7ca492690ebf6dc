"""Which quotas of cores hold for nodes of a VM size, in what Azure Machine Learning tells of a region."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reelbrush.pricing.sizes import vm_size

_ML = "Microsoft.MachineLearningServices/"


def core_limits(
    usages: Iterable[dict[str, Any]], family: str, low_priority: bool, workspace: str = ""
) -> list[tuple[str, int]]:
    """Return (what, limit in vCPUs) of each quota that holds; those without a limit are left out.

    Dedicated nodes are limited per VM family and all together, low-priority nodes all together. `usages` are
    the rows of `.../locations/REGION/usages`; quotas that a workspace has for itself count for `workspace`.
    """
    priority = "LowPriority" if low_priority else "Dedicated"
    total = _ML + ("lowPriorityCores/usages" if low_priority else "dedicatedCores/usages")
    here = f"/workspaces/{workspace}/usages/".lower()
    found: list[tuple[str, int]] = []
    for usage in usages:
        kind, name = str(usage.get("type", "")), str((usage.get("name") or {}).get("value", ""))
        of_family = f"Cluster {priority}" in name and plain_family(name) == plain_family(family)
        of_workspace = bool(workspace) and here in str(usage.get("id", "")).lower()
        if kind == total or (of_family and (kind == _ML + "vmFamily/usages" or of_workspace)):
            limit = int(usage.get("limit", -1))
            if limit >= 0:  # -1: none of its own
                found.append((name, limit))
    return found


def family_and_cores(size: str, offered: Callable[[], Mapping[str, Mapping[str, Any]]]) -> tuple[str, int]:
    """Return family and vCPUs of a size, from the table of this release, or else from the region.

    `offered` asks for the region's sizes, by names in lower case; "" and 0 stand for what it leaves out.
    """
    known = vm_size(size)
    if known is not None:
        return known.family, known.vcpus
    found = offered().get(size.lower(), {})
    return str(found.get("family", "")), int(found.get("vCPUs") or 0)


def plain_family(family: str) -> str:
    """Return what sizes and quotas ("Standard NCv3 Family Cluster Dedicated vCPUs") spell alike."""
    return re.sub(r"cluster (dedicated|lowpriority) vcpus$|vcpus$|^standard|family|[\s_]", "", family.lower())
