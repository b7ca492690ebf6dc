"""What a deleted deployment leaves behind: listed, and removed for good if wished."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reelbrush.deploy.az import Az, AzError
from reelbrush.deploy.check import Outcome
from reelbrush.deploy.check_tools import check_tools
from reelbrush.deploy.leftovers import (
    Leftover,
    deleted_logs,
    deleted_vaults,
    deleted_workspaces,
    living_workspaces,
)
from reelbrush.deploy.plan import read_plan
from reelbrush.deploy.site import ML_API, Site
from reelbrush.deploy.values import Values

_PORTAL = "portal: Azure Machine Learning, Recently deleted, Permanently delete"


@dataclass(frozen=True)
class Patience:
    """How long the end of a removal is waited for. In seconds."""

    total: float = 1800.0  # a workspace takes its clusters and its network with it
    pause: float = 15.0


def purge(values: Values, az: Az, really: bool, living: bool, patience: Patience | None = None) -> int:
    """Print what lingers and, if `really`, remove it for good; return 1 where something could not be removed.

    `living` takes the workspace of Azure Machine Learning that still is there, with all its runs: it can be
    deleted without leaving its name behind, for sure, only before its resource group is deleted.
    """
    plan, _ = read_plan(values)
    site = Site(plan, az)
    if not plan.environment:
        print("FAIL  purge: which environment?\n      fix: --environment NAME")
        return 1
    problems = [check for check in check_tools(site) if check.outcome is Outcome.FAILED]
    if not site.subscription:
        print(*problems, sep="\n")
        return 1
    found: list[Leftover] = []
    unasked = 0
    for look in [living_workspaces] if living else _DELETED:
        unasked += not _asked(site, look, found)
    failures = unasked if really else 0
    for leftover in found:
        failures += not _one(site, leftover, really, patience or Patience())
    if not found and not unasked:
        print(f"ok    nothing of {plan.environment} is listed as {'there' if living else 'deleted and kept'}")
    elif found and not really:
        print("note  --yes removes for good what is listed; nothing was removed")
    if not living:
        print(f"note  a deleted workspace that is not listed here holds its name for 14 days ({_PORTAL})")
    return 1 if failures else 0


_DELETED = [deleted_vaults, deleted_workspaces, deleted_logs]


def _asked(site: Site, look: Callable[[Site], Iterator[Leftover]], found: list[Leftover]) -> bool:
    """Add what `look` finds, and return whether it could be looked at."""
    try:
        found += look(site)
    except AzError as error:
        print(f"skip  {look.__name__.replace('_', ' ')}: not checked: {error}")
        return False
    return True


def _one(site: Site, leftover: Leftover, really: bool, patience: Patience) -> bool:
    """Print what becomes of one and return whether all is well."""
    arguments = leftover.purge()
    if leftover.protected:
        print(f"note  {leftover.what}: protected from purging, Azure removes it at {leftover.until}")
        return True
    if not arguments:
        print(f"note  {leftover.what}: Azure removes it within 14 days; it costs nothing and is in no way")
        return True
    line = " ".join(["az", *arguments])
    if not really:
        print(f"note  {leftover.what}: {line}")
        return True
    own = ["--subscription", site.subscription] if leftover.kind == "vault" else []
    try:
        site.az.json(*arguments, *own, seconds=600)
        gone = leftover.kind != "workspace" or _gone(site, leftover, patience)
    except AzError as error:
        fix = f"{_PORTAL}; or wait 14 days" if leftover.kind == "workspace" else line
        print(f"FAIL  {leftover.what}: {error}\n      fix: {fix}")
        return False
    if not gone:
        again = "wait until the portal does not show it any more, before azd down"
        print(f"FAIL  {leftover.what}: still being removed after {patience.total:.0f} s\n      fix: {again}")
        return False
    print(f"ok    {leftover.what}: removed for good")
    return True


def _gone(site: Site, leftover: Leftover, patience: Patience) -> bool:
    """Wait until a workspace is not there any more: `az rest` returns when its removal has only begun.

    A resource group that is deleted meanwhile would delete it the other way, which keeps its name. What may
    pass is waited for; raises AzError for what does not.
    """
    deadline = time.monotonic() + patience.total
    while time.monotonic() < deadline:
        try:
            site.az.get(leftover.resource_id, ML_API)
        except AzError as error:
            if error.code == "not-found":
                return True
            if error.code in ("missing", "signed-out", "forbidden"):
                raise
        print(f"wait  {leftover.what}: it is being removed", flush=True)
        time.sleep(patience.pause)
    return False
