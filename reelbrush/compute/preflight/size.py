"""Do nodes of the cluster's VM size still start, have they GPUs that are used, and is their price known?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from reelbrush.compute.preflight.check import Check, az_ml, failed, passed, remark, unchecked
from reelbrush.compute.preflight.cluster import low_priority, own_properties
from reelbrush.compute.preflight.place import Place
from reelbrush.errors import ComputeError
from reelbrush.pricing.sizes import VmSize, vm_size
from reelbrush.settings import Settings

# The image's onnxruntime-gpu holds code for CUDA compute capability 7.5 and up.
_TOO_OLD = {"K80": "3.7", "M60": "5.2", "P40": "6.1", "P100": "6.0", "V100": "7.0"}


def check_size(place: Place, name: str, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield whether nodes of the cluster's VM size still start and have GPUs that the image can use."""
    size = str(own_properties(compute).get("vmSize", ""))
    title, known = f"VM size of {name}", vm_size(size)
    if known is not None and known.retired is not None and known.retired <= datetime.now(UTC).date():
        yield failed(
            title,
            "vm-retired",
            f"{known.name} ({known.gpu}) is retired since {known.retired}: none of its nodes starts",
            f"make the cluster anew with {known.replacement}: "
            + _anew(place, name, compute, known.replacement),
        )
        return
    try:
        offered: dict[str, Any] | None = place.sizes.get(size.lower())
    except ComputeError as error:
        yield unchecked(title, f"which sizes {place.region} offers: {error.message}")
    else:
        if offered is None or "AmlCompute" not in offered.get("supportedComputeTypes", ["AmlCompute"]):
            yield failed(
                title,
                "vm-unavailable",
                f"{place.region} does not offer {size} to this subscription",
                f"choose one ({az_ml(place.workspace, 'compute list-sizes')}) and make the cluster anew: "
                + _anew(place, name, compute, "SIZE"),
            )
            return
        if low_priority(compute) and offered.get("lowPriorityCapable") is False:
            yield failed(
                title,
                "vm-unavailable",
                f"{place.region} offers {size} dedicated only",
                "make the cluster anew: " + _anew(place, name, compute, size, "dedicated"),
            )
            return
    yield _gpu(title, place, name, compute, size, known)


def _gpu(
    title: str, place: Place, name: str, compute: dict[str, Any], size: str, known: VmSize | None
) -> Check:
    if known is None:
        return remark(title, f"{size} is not in this release's table: its GPU and its price are not known")
    needed = _TOO_OLD.get(known.gpu)
    if needed is not None:
        return failed(
            title,
            "gpu-unsupported",
            f"{known.name} has a {known.gpu} (compute capability {needed}); styles need 7.5 or newer",
            "make the cluster anew: " + _anew(place, name, compute, "Standard_NC4as_T4_v3"),
        )
    if not known.gpus:
        return remark(
            title,
            f"{known.name} has no GPU: styles are painted by its {known.vcpus} vCPUs, many times slower",
            "make the cluster anew: " + _anew(place, name, compute, "Standard_NC4as_T4_v3"),
        )
    return passed(title, f"{known.name}, {known.gpus} x {known.gpu}, {known.vcpus} vCPUs")


def check_processes(place: Place, name: str, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield whether every GPU of a node has a process."""
    known, processes = vm_size(str(own_properties(compute).get("vmSize", ""))), place.settings.processes
    if known is None or not known.gpus:
        return
    title, fix = f"GPUs of {name}", f"set REELBRUSH_PROCESSES={known.gpus}"
    if processes < known.gpus:
        idle = known.gpus - processes
        yield remark(
            title, f"{idle} of a node's {known.gpus} GPUs stay idle: REELBRUSH_PROCESSES={processes}", fix
        )
    elif processes > known.gpus:
        yield remark(title, f"{processes} processes share {known.gpus} GPU(s) and their memory", fix)
    else:
        yield passed(title, "one process for each")


def check_prices(place: Place, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield whether quotes and cost limits reckon with the nodes that the cluster really has.

    Which nodes an attached Kubernetes cluster has is not known here.
    """
    settings, title = place.settings, "prices"
    size = str(own_properties(compute).get("vmSize", ""))
    known, priced = vm_size(size), vm_size(settings.vm_size)
    spelled = known.name if known is not None else size
    priority = "lowpriority" if low_priority(compute) else "dedicated"
    if settings.price_per_hour:
        yield passed(title, f"{settings.price_per_hour} {settings.currency} per node and hour, as you set it")
    elif priced is None or priced.dedicated is None:
        fix = f"set REELBRUSH_VM_SIZE={spelled or 'SIZE'} and REELBRUSH_VM_PRIORITY={priority}"
        if settings.vm_size or (spelled and known is None):
            fix = "set REELBRUSH_PRICE_PER_HOUR"
        if settings.max_cost:
            yield failed(title, "prices", f"no price is known, so {_every_job(settings)}", fix)
        else:
            yield remark(title, "quotes and receipts show no cost", fix)
    elif settings.max_cost and priced.currency != settings.currency:
        yield failed(
            title,
            "prices",
            f"prices are known in {priced.currency} and REELBRUSH_MAX_COST is in {settings.currency}, "
            f"so {_every_job(settings)}",
            f"set REELBRUSH_PRICE_PER_HOUR in {settings.currency}, or REELBRUSH_CURRENCY={priced.currency}",
        )
    elif size and settings.vm_size.lower() != size.lower():
        yield failed(
            title,
            "prices",
            f"costs are reckoned for {settings.vm_size}, but the cluster's nodes are {spelled}",
            f"set REELBRUSH_VM_SIZE={spelled}",
        )
    elif size and settings.vm_priority != priority:
        yield failed(
            title,
            "prices",
            f"costs are reckoned for {settings.vm_priority} nodes, but the cluster's are {priority}",
            f"set REELBRUSH_VM_PRIORITY={priority}",
        )
    else:
        yield passed(title, f"of {priced.name}, {settings.vm_priority}")


def _every_job(settings: Settings) -> str:
    """Return what becomes of jobs whose cost cannot be held against the limit."""
    return "every job is refused" if settings.over_cost == "refuse" else "every job waits for approval"


def _anew(place: Place, name: str, compute: dict[str, Any], size: str, priority: str = "") -> str:
    most = (own_properties(compute).get("scaleSettings") or {}).get("maxNodeCount") or 1
    tier = priority or ("low_priority" if low_priority(compute) else "dedicated")
    identities = ",".join((compute.get("identity") or {}).get("userAssignedIdentities") or {})
    identity = f" --identity-type UserAssigned --user-assigned-identities {identities}" if identities else ""
    return (
        az_ml(place.workspace, f"compute delete --name {name}")
        + "; "
        + az_ml(
            place.workspace,
            f"compute create --type AmlCompute --name {name} --size {size} --tier {tier} "
            f"--min-instances 0 --max-instances {most}{identity}",
        )
    )
