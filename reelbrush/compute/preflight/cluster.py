"""Is the cluster ready, of a kind that takes runs, and large enough?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reelbrush.compute.causes import cause_of
from reelbrush.compute.preflight.check import Check, az_ml, failed, passed, remark
from reelbrush.compute.preflight.place import Place
from reelbrush.compute.waiting import compute_errors


def own_properties(compute: dict[str, Any]) -> dict[str, Any]:
    """Return what a compute's document says of its kind alone: size, scale, nodes."""
    return (compute.get("properties") or {}).get("properties") or {}


def is_managed(compute: dict[str, Any]) -> bool:
    """Return whether it is an AmlCompute, whose nodes Azure starts, not an attached Kubernetes cluster."""
    return compute["properties"].get("computeType") == "AmlCompute"


def low_priority(compute: dict[str, Any]) -> bool:
    """Return whether its nodes may be taken away at any time."""
    return str(own_properties(compute).get("vmPriority", "")).lower() == "lowpriority"


def check_cluster(place: Place, name: str, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield what is right and wrong with the compute itself."""
    about: dict[str, Any] = compute["properties"]
    title, kind = f"cluster {name}", str(about.get("computeType"))
    if kind not in ("AmlCompute", "Kubernetes"):
        yield failed(
            title,
            "cluster-kind",
            f"it is a {kind}, which takes no runs of this app",
            "name an AmlCompute or an attached Kubernetes cluster in REELBRUSH_CLUSTER; "
            + az_ml(place.workspace, "compute list"),
        )
        return
    state = str(about.get("provisioningState"))
    told = [cause_of(text, code) for code, text in compute_errors(compute)]
    if state != "Succeeded":
        yield failed(
            title,
            "cluster-state",
            "; ".join([f"its state is {state}", *(cause.message for cause in told)]),
            "wait until it is made, or delete it and make it again: "
            + az_ml(place.workspace, f"compute delete --name {name}"),
        )
        return
    yield passed(title, f"{kind}, ready")
    for cause in told:
        yield remark(title, f"it says of itself: {cause.message}", cause.advice)
    if is_managed(compute):
        yield from _nodes(place, name, own_properties(compute))
    else:
        yield from _instance_type(place, name, own_properties(compute))


def _nodes(place: Place, name: str, own: dict[str, Any]) -> Iterator[Check]:
    settings, title = place.settings, f"nodes of {name}"
    most = int((own.get("scaleSettings") or {}).get("maxNodeCount") or 0)
    wanted = max(1, settings.run_nodes)
    if most < wanted:
        yield failed(
            title,
            "nodes",
            f"the cluster may have {most} node(s), but each run takes {wanted} (REELBRUSH_RUN_NODES)",
            az_ml(
                place.workspace, f"compute update --name {name} --max-instances {max(wanted, settings.nodes)}"
            ),
        )
    elif most < settings.nodes:
        yield remark(
            title,
            f"batches are planned for {settings.nodes} nodes (REELBRUSH_NODES), but there are {most} at most",
            f"set REELBRUSH_NODES={most}, or "
            + az_ml(place.workspace, f"compute update --name {name} --max-instances {settings.nodes}"),
        )
    else:
        yield passed(title, f"up to {most}")


def _instance_type(place: Place, name: str, own: dict[str, Any]) -> Iterator[Check]:
    wished, types = place.settings.instance_type, own.get("instanceTypes") or {}
    title = f"instance type of {name}"
    if wished and types and wished not in types:
        yield failed(
            title,
            "instance-type",
            f"the cluster has no instance type {wished!r}",
            f"set REELBRUSH_INSTANCE_TYPE to one of {', '.join(sorted(types))}; kubectl get instancetype",
        )
    elif not wished:
        yield remark(
            title,
            f"runs take the default, {own.get('defaultInstanceType') or 'which may have no GPU'}",
            "set REELBRUSH_INSTANCE_TYPE to a type that requests nvidia.com/gpu (docs/kubernetes.md)",
        )
    else:
        yield passed(title, wished)
