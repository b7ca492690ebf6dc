"""All checks, the most important first; what stands on a failed one is left out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from reelbrush.compute.arm import Arm
from reelbrush.compute.causes import known_cause
from reelbrush.compute.port import Finding
from reelbrush.compute.preflight.around import check_image, check_locks
from reelbrush.compute.preflight.check import Check, Outcome, az_ml, failed, passed, remark
from reelbrush.compute.preflight.cluster import check_cluster, is_managed, low_priority
from reelbrush.compute.preflight.node_identity import check_node_identity
from reelbrush.compute.preflight.own_role import check_own_role
from reelbrush.compute.preflight.place import ML, Place
from reelbrush.compute.preflight.quota import check_quota
from reelbrush.compute.preflight.size import check_prices, check_processes, check_size
from reelbrush.compute.preflight.store import check_firewall, check_region, check_store
from reelbrush.errors import ComputeError
from reelbrush.settings import Settings


def azure_preflight(settings: Settings, arm: Arm) -> list[Finding]:
    """Return what has to be put right before runs can start as wished, the most important first.

    Raises nothing: that Azure cannot be asked is a finding too.
    """
    return [
        Finding(check.code, f"{check.name}: {check.text}", check.fix)
        for check in azure_checks(settings, arm)
        if check.outcome is Outcome.FAILED
    ]


def azure_checks(settings: Settings, arm: Arm) -> Iterator[Check]:
    """Yield one result per check, as soon as it is there."""
    workspace = arm.workspace
    try:
        token = arm.token()
    except ComputeError as error:
        yield failed("signed in", error.code, error.message, error.advice)
        return
    yield passed("signed in", _who(token))
    try:
        document = arm.find("", ML)
    except ComputeError as error:
        yield failed("workspace", error.code, error.message, error.advice)
        return
    if document is None:
        missing = known_cause("workspace-missing", workspace.arm_id)
        yield failed("workspace", missing.code, missing.message, missing.advice)
        return
    place = Place(settings, arm, document)
    yield from _workspace(place)
    yield from check_own_role(place)
    yield from check_store(place)
    yield from _cluster(place, settings.cluster, main=True)
    if settings.dedicated_cluster:
        yield from _cluster(place, settings.dedicated_cluster, main=False)
    yield from check_region(place)
    yield from check_image(place)
    yield from check_locks(place)


def _workspace(place: Place) -> Iterator[Check]:
    about: dict[str, Any] = place.document.get("properties") or {}
    state = str(about.get("provisioningState") or "Succeeded")
    if state != "Succeeded":
        yield failed(
            "workspace",
            "workspace-state",
            f"its state is {state}",
            az_ml(place.workspace, "workspace diagnose").replace("--workspace-name", "--name"),
        )
        return
    yield passed("workspace", f"{place.workspace.name} in {place.region}")
    if place.settings.backend == "azureml-v2" and about.get("v1LegacyMode"):
        yield failed(
            "workspace",
            "v1-legacy-mode",
            "it allows SDK v1 alone (v1LegacyMode), but REELBRUSH_BACKEND is azureml-v2",
            "set the workspace's v1LegacyMode to false, or REELBRUSH_BACKEND=azureml",
        )
    by_identity = str(about.get("systemDatastoresAuthMode")).lower() == "identity"
    if place.settings.backend == "azureml" and by_identity:
        yield remark(
            "workspace",
            "its own storage takes identities only, which is not documented for azureml-core",
            "set REELBRUSH_BACKEND=azureml-v2 if uploading the code of runs fails",
        )


def _cluster(place: Place, name: str, main: bool) -> Iterator[Check]:
    setting = "REELBRUSH_CLUSTER" if main else "REELBRUSH_DEDICATED_CLUSTER"
    try:
        compute = place.arm.find(f"computes/{name}", ML)
    except ComputeError as error:
        yield failed(f"cluster {name}", error.code, error.message, error.advice)
        return
    if compute is None:
        yield failed(
            f"cluster {name}",
            "cluster-missing",
            f"the workspace has no compute of this name ({setting})",
            f"{az_ml(place.workspace, 'compute list')} tells which there are; or make it: "
            + az_ml(
                place.workspace,
                f"compute create --type AmlCompute --name {name} --size Standard_NC4as_T4_v3 "
                f"--tier {'low_priority' if main else 'dedicated'} --min-instances 0 "
                f"--max-instances {max(place.settings.nodes, place.settings.run_nodes)}",
            ),
        )
        return
    checks = list(check_cluster(place, name, compute))
    yield from checks
    if any(check.code in ("cluster-kind", "cluster-state") for check in checks):
        return
    if is_managed(compute):
        sizes = list(check_size(place, name, compute))
        yield from sizes
        if all(check.outcome is not Outcome.FAILED for check in sizes):
            yield from check_quota(place, name, compute)
            yield from check_processes(place, name, compute)
    if main:
        yield from check_prices(place, compute)
    elif low_priority(compute):
        yield remark(
            f"cluster {name}",
            "it is to take batches that lost their node, but its own nodes can be taken away too",
            "name a cluster of dedicated nodes in REELBRUSH_DEDICATED_CLUSTER",
        )
    yield from check_node_identity(place, name, compute)
    if is_managed(compute):
        yield from check_firewall(place, name, compute)


def _who(token: str) -> str:
    """Return as whom a token signs in, as far as it tells; nothing is verified."""
    try:
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError):
        return "Azure gives a token"
    user = claims.get("upn") or claims.get("unique_name")
    return f"as {user}" if user else f"as the application {claims.get('appid')}, object {claims.get('oid')}"
