"""What a deleted deployment leaves behind: listed, and removed for good if wished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

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
from reelbrush.deploy.site import Site
from reelbrush.deploy.values import Values

_PORTAL = "portal: Azure Machine Learning, Recently deleted, Permanently delete"


def purge(values: Values, az: Az, really: bool, living: bool) -> int:
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
    found = list(_found(site, [living_workspaces] if living else _DELETED))
    failures = 0
    for leftover in found:
        failures += not _one(site, leftover, really)
    if not found:
        print(f"ok    nothing of {plan.environment} is listed as {'there' if living else 'deleted and kept'}")
    elif not really:
        print("note  --yes removes for good what is listed; nothing was removed")
    if not living:
        print(f"note  a deleted workspace that is not listed here holds its name for 14 days ({_PORTAL})")
    return 1 if failures else 0


_DELETED = [deleted_vaults, deleted_workspaces, deleted_logs]


def _found(site: Site, looks: Iterable[Callable[[Site], Iterator[Leftover]]]) -> Iterator[Leftover]:
    for look in looks:
        try:
            yield from look(site)
        except AzError as error:
            print(f"skip  {look.__name__.replace('_', ' ')}: not checked: {error}")


def _one(site: Site, leftover: Leftover, really: bool) -> bool:
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
    except AzError as error:
        fix = f"{_PORTAL}; or wait 14 days" if leftover.kind == "workspace" else line
        print(f"FAIL  {leftover.what}: {error}\n      fix: {fix}")
        return False
    print(f"ok    {leftover.what}: removed for good")
    return True
