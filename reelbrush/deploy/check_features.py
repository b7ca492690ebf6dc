"""Has the subscription the feature that the disks of a private Kubernetes cluster need?"""

from __future__ import annotations

from collections.abc import Iterator

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, remark, unchecked
from reelbrush.deploy.site import Site

_API = "2021-07-01"  # of Microsoft.Features
_FEATURE = "EncryptionAtHost"  # infra/bicep/modules/kubernetesCluster.bicep asks for it where it is private


def check_features(site: Site) -> Iterator[Check]:
    """Yield whether nodes may encrypt their disks; nothing where no node is asked to."""
    if not (site.plan.aks and site.plan.private):
        return
    title, named = "features", f"--namespace Microsoft.Compute --name {_FEATURE}"
    fix = f"az feature register {named} --subscription {site.subscription} (some minutes)"
    path = f"{site.scope}/providers/Microsoft.Features/providers/Microsoft.Compute/features/{_FEATURE}"
    try:
        found = site.az.get(path, _API)
    except AzError as error:
        yield unchecked(title, error, fix)
        return
    state = str((found.get("properties") or {}).get("state", "NotRegistered"))
    if state == "Registered":
        yield passed(title, f"{_FEATURE} is registered")
    elif state in ("Registering", "Pending"):
        yield remark(title, f"{_FEATURE} is being registered: wait for it", fix)
    else:
        yield failed(title, f"{_FEATURE} is {state}, so nodes of the Kubernetes cluster cannot be made", fix)
