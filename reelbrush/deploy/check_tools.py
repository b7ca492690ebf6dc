"""Is the Azure CLI there, new enough, and signed in to a subscription that works?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, remark
from reelbrush.deploy.site import Site

_OLDEST = (2, 70, 0)  # API versions and parameter files of the templates
_INSTALL = "install it: https://learn.microsoft.com/cli/azure/install-azure-cli"


def check_tools(site: Site) -> Iterator[Check]:
    """Yield the state of the CLI and the subscription; sets `site.subscription` where both work."""
    try:
        version = str((site.az.json("version") or {}).get("azure-cli", ""))
    except AzError as error:
        fix = _INSTALL if error.code == "missing" else "run `az version` and put right what it says"
        yield failed("Azure CLI", str(error), fix)
        return
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if numbers < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        yield failed("Azure CLI", f"{version or 'its version'} is older than {wanted}", "az upgrade")
    else:
        yield passed("Azure CLI", version)
    yield _bicep(site)
    yield _signed_in(site)


def _bicep(site: Site) -> Check:
    """Tell whether az can compile templates: the subscription of uploads is deployed by az."""
    try:
        site.az.json("bicep", "version")
    except AzError as error:
        if error.code == "not-json":  # it prints a sentence
            return passed("Bicep CLI", "installed")
        return remark("Bicep CLI", f"not ready: {error}", "az bicep install")
    return passed("Bicep CLI", "installed")


def _signed_in(site: Site) -> Check:
    wanted = site.plan.subscription
    try:
        arguments = ["--subscription", wanted] if wanted else []
        account: dict[str, Any] = site.az.json("account", "show", *arguments) or {}
    except AzError as error:
        if error.code == "signed-out" or not wanted:
            return failed("subscription", f"nobody is signed in ({error})", "az login")
        fix = "az login --tenant TENANT, or choose another: azd env set AZURE_SUBSCRIPTION_ID ID"
        return failed("subscription", f"{wanted} is not seen by this account ({error})", fix)
    name, state = f"{account.get('name')} ({account.get('id')})", str(account.get("state"))
    user: dict[str, Any] = account.get("user") or {}
    if state != "Enabled":
        return failed(
            "subscription",
            f"{name} is {state}",
            "enable it in the portal, or az account set --subscription ID",
        )
    site.subscription = str(account.get("id", ""))
    text = f"{name}, as {user.get('type', 'user')} {user.get('name', '')}".strip()
    if not wanted:
        fix = f"azd env set AZURE_SUBSCRIPTION_ID {site.subscription}"
        return remark("subscription", f"{text}: the CLI's, since none is chosen for the deployment", fix)
    return passed("subscription", text)
