"""Does the store's address lead anywhere from a node, and may the node go there?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from reelbrush.compute.preflight.check import Check, failed, passed, remark
from reelbrush.compute.preflight.cluster import own_properties
from reelbrush.compute.preflight.place import Place
from reelbrush.errors import ComputeError

_LOOPBACK = re.compile(
    r"https?://(localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0)(?=[:/;]|$)", re.IGNORECASE
)
_OWN_ACCOUNT = "set REELBRUSH_STORE=https://ACCOUNT.blob.core.windows.net"


def check_store(place: Place) -> Iterator[Check]:
    """Yield whether the store's address leads anywhere from a node. Nothing is called."""
    store, title = place.settings.store, "store"
    scheme, _, variable = store.partition(":")
    if scheme == "folder":
        yield failed(title, "store", "nodes cannot reach a folder of this machine", _OWN_ACCOUNT)
        return
    address = os.environ.get(variable, "") if scheme == "env" else store
    emulator = "devstoreaccount1" in address or "UseDevelopmentStorage=true" in address
    if emulator:
        yield remark(
            title, "it is the storage emulator: only nodes on this very machine reach it", _OWN_ACCOUNT
        )
    elif _LOOPBACK.search(address):
        yield failed(
            title, "store", "its address is this machine's own, where no node finds it", _OWN_ACCOUNT
        )
    elif scheme == "env":
        yield remark(
            title,
            f"nodes need the variable {variable} themselves: the app never sends a connection string",
            f"{_OWN_ACCOUNT} and give the cluster's identity Storage Blob Data Contributor",
        )
    else:
        yield passed(title, store)


def check_firewall(place: Place, name: str, compute: dict[str, Any]) -> Iterator[Check]:
    """Yield a remark when a firewall stands between the cluster's nodes and the store, as far as is seen."""
    account = _account(place)
    about: dict[str, Any] = account.get("properties") or {}
    rules: dict[str, Any] = about.get("networkAcls") or {}
    closed = about.get("publicNetworkAccess") == "Disabled" or rules.get("defaultAction") == "Deny"
    network: dict[str, Any] = (place.document.get("properties") or {}).get("managedNetwork") or {}
    managed = network.get("isolationMode") not in (None, "Disabled")
    if closed and not managed and not own_properties(compute).get("subnet"):
        yield remark(
            f"network of {name}",
            f"{place.account_name} is closed to public networks, and the nodes are in none of yours",
            "make the cluster in a subnet that reaches the account, or give the workspace a managed network "
            "with a private endpoint to it",
        )


def check_region(place: Place) -> Iterator[Check]:
    """Yield a remark when store and nodes are far apart, as far as is seen."""
    region = str(_account(place).get("location", "")).replace(" ", "").lower()
    if region and place.region and region != place.region:
        yield remark(
            "store",
            f"{place.account_name} is in {region}, nodes are in {place.region}: slow, and traffic costs",
            "use a storage account in the workspace's region",
        )


def _account(place: Place) -> dict[str, Any]:
    try:
        return (place.account or {}) if place.account_name else {}
    except ComputeError:  # told where the identity is checked
        return {}
