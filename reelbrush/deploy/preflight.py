"""Everything that is looked at before a deployment, in the order in which it is put right."""

from __future__ import annotations

from collections.abc import Iterator

from reelbrush.deploy.az import Az
from reelbrush.deploy.check import Check, Outcome, remark, unchecked
from reelbrush.deploy.check_budget import check_budget
from reelbrush.deploy.check_features import check_features
from reelbrush.deploy.check_plan import check_plan
from reelbrush.deploy.check_providers import check_providers
from reelbrush.deploy.check_quota import check_quota
from reelbrush.deploy.check_region import check_region
from reelbrush.deploy.check_rights import check_developer, check_rights
from reelbrush.deploy.check_tools import check_tools
from reelbrush.deploy.leftovers import check_leftovers
from reelbrush.deploy.plan import read_plan
from reelbrush.deploy.site import Site
from reelbrush.deploy.values import Values


def preflight(values: Values, az: Az | None = None) -> Iterator[Check]:
    """Yield one result per check, as soon as it is there; what cannot be asked is a result too."""
    plan, problems = read_plan(values)
    site = Site(plan, az or Az())
    yield from check_tools(site)
    yield from check_plan(plan, problems)
    if not site.subscription:
        yield unchecked("Azure", "providers, rights, region, quota, budget and leftovers: sign in first")
        return
    yield from check_providers(site)
    yield from check_features(site)
    yield from check_rights(site)
    yield from check_developer(site)
    if plan.location:
        yield from check_region(site)
        yield from check_quota(site)
    else:
        yield unchecked("region", "no AZURE_LOCATION is set yet", "azd env set AZURE_LOCATION REGION")
    yield from check_budget(site)
    yield from check_leftovers(site)
    yield remark(
        "not seen", "what a policy or a quota of Functions refuses", "azd provision --preview shows more"
    )


def report(values: Values, az: Az | None = None) -> int:
    """Print the checks, each as soon as it is made, and return 0 unless one failed, else 1."""
    print(f"note  values: from {values.source}", flush=True)
    failures = 0
    for check in preflight(values, az):
        failures += check.outcome is Outcome.FAILED
        print(check, flush=True)
    if failures:
        print(f"{failures} to put right before the deployment can work")
    return 1 if failures else 0
