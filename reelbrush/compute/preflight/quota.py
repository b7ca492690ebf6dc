"""Does the subscription's quota allow as many nodes as the cluster may have?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reelbrush.compute.preflight.check import Check, az_ml, failed, passed, unchecked
from reelbrush.compute.preflight.cluster import low_priority, own_properties
from reelbrush.compute.preflight.place import Place
from reelbrush.errors import ComputeError
from reelbrush.pricing.core_quota import core_limits, family_and_cores

_STUDIO = "ask for more in the studio (ml.azure.com, Quota"


def check_quota(place: Place, name: str, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield whether the quotas that hold for the cluster's nodes allow all of them.

    Dedicated nodes are limited per VM family and all together, low-priority nodes all together. What is used
    is not subtracted: nodes that a cluster may have count as used whether they run or not.
    """
    own, title = own_properties(compute), f"quota of {name}"
    size = str(own.get("vmSize", ""))
    most = int((own.get("scaleSettings") or {}).get("maxNodeCount") or 0)
    low = low_priority(compute)
    try:
        family, cores = family_and_cores(size, lambda: place.sizes)
        limits = core_limits(place.usages, family, low, place.workspace.name)
    except ComputeError as error:
        yield unchecked(title, f"{error.message} (reading quotas needs the role Reader on the subscription)")
        return
    if not cores:
        yield unchecked(title, f"how many vCPUs {size or 'its nodes'} have")
        return
    if not limits:
        yield unchecked(title, f"the region tells no quota for {family or size}")
        return
    tight, limit = min(limits, key=lambda pair: pair[1])
    if limit >= most * cores:
        yield passed(title, f"{tight}: {limit}, needed {most} x {cores}")
        return
    fit = limit // cores
    ask = f"{_STUDIO}, {tight}, at least {most * cores})"
    less = az_ml(place.workspace, f"compute update --name {name} --max-instances {fit}")
    yield failed(
        title,
        "quota",
        f"{tight} is {limit}, which is "
        + (f"enough for {fit} of {most} nodes" if fit else f"not enough for one node of {cores} vCPUs"),
        f"{ask}, or {less}" if fit else f"{ask}, or use a VM size or a priority that has quota",
    )
