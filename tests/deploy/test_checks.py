"""Every check passes where all is well, and fails with its fix where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from reelbrush.deploy.check import Check, Outcome
from reelbrush.deploy.check_budget import check_budget
from reelbrush.deploy.check_plan import check_plan
from reelbrush.deploy.check_providers import check_providers, needed_providers
from reelbrush.deploy.check_quota import BUILD_SIZE, check_quota
from reelbrush.deploy.check_region import check_region
from reelbrush.deploy.check_rights import check_developer, check_rights
from reelbrush.deploy.check_tools import check_tools
from reelbrush.deploy.leftovers import check_leftovers
from reelbrush.deploy.plan import Plan, read_plan
from reelbrush.deploy.site import Site
from reelbrush.deploy.values import Values
from tests.conftest import ROOT
from tests.deploy.world import (
    DEVELOPER,
    HERE,
    ML,
    PERMISSIONS,
    SCOPE,
    SIZES,
    SUBSCRIPTION,
    T4,
    USAGES,
    VALUES,
    VAULTS,
    WORKSPACES,
    World,
    error,
    forbidden,
    not_found,
    size,
    told,
    usage,
)

Looks = Callable[[Site], Iterator[Check]]
GRAPH = f"rest get https://graph.microsoft.com/v1.0/directoryObjects/{DEVELOPER}"


def failures(look: Looks, world: World, **values: str) -> str:
    """Return what a check fails with; everything that failed has a fix."""
    checks = list(look(world.site(**values)))
    assert all(check.fix for check in checks if check.outcome is Outcome.FAILED)
    return told(checks, Outcome.FAILED)


@pytest.mark.parametrize(
    "look",
    [
        check_tools,
        check_providers,
        check_rights,
        check_developer,
        check_region,
        check_quota,
        check_budget,
        check_leftovers,
    ],
)
def test_where_all_is_well_each_check_passes(world: World, look: Looks) -> None:
    checks = list(look(world.site()))
    assert checks and {check.outcome for check in checks} == {Outcome.OK}, checks


def test_the_cli_s_version_and_account(world: World) -> None:
    world.says("version", {"azure-cli": "2.55.1"})
    assert "2.55.1 is older" in failures(check_tools, world) and "az upgrade" in failures(check_tools, world)
    world.says("version", error("broken"))
    assert "az version: broken" in failures(check_tools, world)


def test_nobody_is_signed_in(world: World) -> None:
    world.says("account show", error("Please run 'az login' to setup account."))
    site = world.site()
    site.subscription = ""
    assert "fix: az login" in told(list(check_tools(site)), Outcome.FAILED)
    assert site.subscription == ""


def test_the_subscription_is_disabled_or_not_seen(world: World) -> None:
    world.says("account show", {"id": SUBSCRIPTION, "name": "Films", "state": "Warned", "user": {}})
    assert f"Films ({SUBSCRIPTION}) is Warned" in failures(check_tools, world)
    world.says("account show", error("The subscription of 'x' doesn't exist in cloud 'AzureCloud'."))
    assert "azd env set AZURE_SUBSCRIPTION_ID" in failures(check_tools, world)


def test_the_subscription_of_the_cli_is_taken_and_told(world: World) -> None:
    site = world.site(AZURE_SUBSCRIPTION_ID="")
    checks = list(check_tools(site))
    assert site.subscription == SUBSCRIPTION
    assert f"azd env set AZURE_SUBSCRIPTION_ID {SUBSCRIPTION}" in told(checks, Outcome.REMARK)


def test_no_bicep_is_a_remark(world: World) -> None:
    world.says("bicep version", error('Bicep CLI not found. Install it now by running "az bicep install".'))
    assert "fix: az bicep install" in told(list(check_tools(world.site())), Outcome.REMARK)


def test_providers_that_are_not_registered(world: World) -> None:
    rows = [
        {"namespace": f"microsoft.{name}", "state": "Registered"}
        for name in (
            "web",
            "storage",
            "eventgrid",
            "machinelearningservices",
            "keyvault",
            "containerregistry",
        )
    ]
    rows.append({"namespace": "Microsoft.Insights", "state": "Registering"})
    rows.append({"namespace": "Microsoft.App", "state": "NotRegistered"})
    world.says("provider list", rows)
    said = failures(check_providers, world)
    assert f"az provider register --namespace Microsoft.App --subscription {SUBSCRIPTION} --wait" in said
    assert "Microsoft.ManagedIdentity is unknown" in said
    assert "Microsoft.Web " not in said and "Microsoft.Insights" not in said


def test_what_is_wished_needs_its_providers() -> None:
    assert "Microsoft.Network" not in needed_providers(Plan())
    assert "Microsoft.Network" in needed_providers(Plan(private=True))
    assert "Microsoft.KubernetesConfiguration" in needed_providers(Plan(aks=True))
    assert "Microsoft.DurableTask" in needed_providers(Plan(durable="dts"))


def test_a_contributor_may_not_assign_roles(world: World) -> None:
    contributor = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
    world.says(PERMISSIONS, {"value": [contributor]})
    said = failures(check_rights, world)
    assert "azd env set REELBRUSH_ASSIGN_ROLES false" in said and "Role Based Access Control Admin" in said
    checks = list(check_rights(world.site(REELBRUSH_ASSIGN_ROLES="false")))
    assert "reelbrush.deploy roles" in told(checks, Outcome.REMARK) and not told(checks, Outcome.FAILED)
    administrator = {"actions": ["Microsoft.Authorization/roleAssignments/write"], "notActions": []}
    world.says(PERMISSIONS, {"value": [contributor, administrator]})
    assert failures(check_rights, world) == ""


def test_a_reader_may_deploy_nothing(world: World) -> None:
    world.says(PERMISSIONS, {"value": [{"actions": ["*/read"], "notActions": []}]})
    said = failures(check_rights, world)
    assert "Microsoft.Resources/deployments/write" in said and "infra/bicep/stack.bicep" in said


def test_the_developer_s_type(world: World) -> None:
    assert "azd env set REELBRUSH_DEVELOPER_TYPE User" in failures(
        check_developer, world, REELBRUSH_DEVELOPER_TYPE="ServicePrincipal"
    )
    assert "has no type" in failures(check_developer, world, REELBRUSH_DEVELOPER_TYPE="")
    assert "a type without an id" in failures(check_developer, world, REELBRUSH_DEVELOPER_ID="")
    world.says(GRAPH, not_found("Resource does not exist"))
    assert "an application's id is not its object's" in failures(check_developer, world)
    world.says(GRAPH, forbidden("read the directory"))
    assert "not checked" in told(list(check_developer(world.site())), Outcome.UNCHECKED)


def test_the_region(world: World) -> None:
    assert "atlantis is no region" in failures(check_region, world, AZURE_LOCATION="Atlantis")
    there = HERE.replace("westeurope", "qatarcentral")
    world.says(f"rest get {there}/vmSizes", {"value": []})
    said = failures(check_region, world, AZURE_LOCATION="Qatar Central")
    assert "az functionapp list-flexconsumption-locations lists 2" in said
    assert f"qatarcentral does not offer {T4}" in said and "vmSizes --url-parameters" in said


def test_zones_are_asked_for_where_they_are_wished(world: World) -> None:
    list(check_region(world.site()))
    assert '"--zone-redundant"' not in world.arguments
    world.says("functionapp list-flexconsumption-locations", [])
    said = failures(check_region, world, REELBRUSH_APP_ZONES="true")
    assert "with zone redundancy" in said and "azd env set REELBRUSH_APP_ZONES false" in said
    assert '"--zone-redundant"' in world.arguments


def test_a_size_that_is_only_dedicated(world: World) -> None:
    world.says(f"rest get {HERE}/vmSizes", {"value": [size(T4, "f", 4, lowPriorityCapable=False)]})
    assert "azd env set REELBRUSH_GPU_PRIORITY Dedicated" in failures(check_region, world)
    assert failures(check_region, world, REELBRUSH_GPU_PRIORITY="Dedicated") == ""
    world.says(f"rest get {HERE}/vmSizes", {"value": [size(T4, "f", 4) | {"supportedComputeTypes": ["AKS"]}]})
    assert "does not offer" in failures(check_region, world)


def test_nodes_of_kubernetes_are_virtual_machines(world: World) -> None:
    restriction = {"type": "Location", "reasonCode": "NotAvailableForSubscription"}
    world.says("vm list-skus", [{"name": T4, "restrictions": []}])
    assert failures(check_region, world, REELBRUSH_AKS="true") == ""
    world.says("vm list-skus", [{"name": T4, "restrictions": [restriction]}])
    assert "NotAvailableForSubscription" in failures(check_region, world, REELBRUSH_AKS="true")
    world.says("vm list-skus", [{"name": "Standard_NC4as_T4_v3_other", "restrictions": []}])
    assert "unknown there" in failures(check_region, world, REELBRUSH_AKS="true")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"REELBRUSH_GPU_NODES": "6"}, "is 20, enough for 5 of 6 nodes"),
        ({"REELBRUSH_GPU_NODES": "6"}, "azd env set REELBRUSH_GPU_NODES 5"),
        ({"REELBRUSH_GPU_PRIORITY": "Dedicated", "REELBRUSH_GPU_NODES": "7"}, "is 24, enough for 6 of 7"),
        ({"REELBRUSH_DEDICATED_NODES": "7"}, "azd env set REELBRUSH_DEDICATED_NODES 6"),
        ({"REELBRUSH_GPU_SIZE": "Standard_NC64as_T4_v3"}, "is 20, not enough for one node of 64 vCPUs"),
        ({"REELBRUSH_GPU_SIZE": "Standard_NC64as_T4_v3"}, "azd env set REELBRUSH_GPU_PRIORITY Dedicated"),
    ],
)
def test_quotas_hold_for_all_nodes(world: World, values: dict[str, str], expected: str) -> None:
    assert expected in failures(check_quota, world, **values)


@pytest.mark.parametrize("nodes", ["1", "2", "5"])
def test_nodes_that_fit(world: World, nodes: str) -> None:
    assert failures(check_quota, world, REELBRUSH_GPU_NODES=nodes) == ""


def test_a_subscription_without_any_gpu_quota(world: World) -> None:
    none: list[Any] = [row | {"limit": 0} for row in USAGES]
    world.says(f"rest get {HERE}/usages", {"value": none})
    said = failures(check_quota, world)
    assert "LowPriority Regional vCPUs is 0, not enough for one node" in said
    assert "ask for at least 8 in the studio (ml.azure.com, Quota, westeurope" in said


def test_the_builder_s_quota_in_a_private_network(world: World) -> None:
    assert failures(check_quota, world, REELBRUSH_PRIVATE="true") == ""
    rows = [*USAGES[:3], usage("vmFamily", "Standard DSv3 Family Cluster Dedicated vCPUs", 0)]
    world.says(f"rest get {HERE}/usages", {"value": rows})
    assert "cluster image-build" in failures(check_quota, world, REELBRUSH_PRIVATE="true")
    assert failures(check_quota, world) == ""


def test_quotas_of_kubernetes(world: World) -> None:
    path = f"rest get {SCOPE}/providers/Microsoft.Compute/locations/westeurope/usages"
    name = {"value": "Standard NCASv3_T4 Family", "localizedValue": "Standard NCASv3_T4 Family vCPUs"}
    world.says(path, {"value": [{"name": name, "limit": 4, "currentValue": 0}]})
    assert "4, needed 8" in failures(check_quota, world, REELBRUSH_AKS="true")
    world.says(path, {"value": [{"name": name, "limit": 8, "currentValue": 4}]})
    checks = list(check_quota(world.site(REELBRUSH_AKS="true")))
    assert "4 are in use" in told(checks, Outcome.REMARK)
    world.says(path, {"value": [{"name": name, "limit": 8, "currentValue": 0}]})
    assert failures(check_quota, world, REELBRUSH_AKS="true") == ""


def vault(name: str, group: str, tags: dict[str, str], protected: bool = False) -> dict[str, Any]:
    """Return a row of the deleted vaults."""
    about = {
        "vaultId": f"{SCOPE}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}",
        "location": "westeurope",
        "tags": tags,
        "scheduledPurgeDate": "2026-12-31T00:00:00Z",
    }
    if protected:
        about["purgeProtectionEnabled"] = protected
    return {"name": name, "properties": about}


def workspace(name: str, state: str, group: str = "rg-dev") -> dict[str, Any]:
    """Return a row of the subscription's workspaces."""
    path = f"{ML.replace(SCOPE, f'{SCOPE}/resourceGroups/{group}')}/workspaces/{name}"
    return {"id": path, "name": name, "location": "westeurope", "properties": {"provisioningState": state}}


def test_deleted_twins(world: World) -> None:
    rows = [
        vault("kv-tagged", "rg-other", {"azd-env-name": "dev"}),
        vault("kv-grouped", "RG-DEV", {}),
        vault("kv-locked", "rg-dev", {}, protected=True),
        vault("kv-of-others", "rg-dev", {"azd-env-name": "prod"}),
        vault("kv-elsewhere", "rg-dev2", {}),
    ]
    world.says(VAULTS, {"value": rows})
    world.says(
        WORKSPACES,
        {"value": [workspace("mlw-gone", "SoftDeleted"), workspace("mlw-alive", "Succeeded")]},
    )
    said = failures(check_leftovers, world)
    assert "az keyvault purge --name kv-tagged --location westeurope" in said and "kv-grouped" in said
    assert "az keyvault recover --name kv-locked" in said and "2026-12-31" in said
    assert "kv-of-others" not in said and "kv-elsewhere" not in said and "mlw-alive" not in said
    assert "mlw-gone was deleted and holds its name" in said and "forceToPurge=true" in said


def of_plan(**values: str) -> list[Check]:
    """Return the checks of the values alone."""
    return list(check_plan(*read_plan(Values({**VALUES, **values}, ""))))


def test_the_plan_is_well() -> None:
    assert {check.outcome for check in of_plan()} == {Outcome.OK}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"AZURE_ENV_NAME": ""}, "azd env new NAME"),
        ({"AZURE_ENV_NAME": "x"}, "x cannot be part of all names"),
        ({"AZURE_ENV_NAME": "a-very-long-name"}, "2 to 12"),
        ({"AZURE_ENV_NAME": "Dev_1"}, "small letters"),
        ({"REELBRUSH_PRIVATE": "true", "REELBRUSH_UPLOAD_EVENTS": "webhook"}, "UPLOAD_EVENTS queue"),
        ({"REELBRUSH_GPU_SIZE": "Standard_NC6s_v3"}, "retired since 2025-09-30"),
        ({"REELBRUSH_GPU_SIZE": "Standard_NV6"}, "azd env set REELBRUSH_GPU_SIZE Standard_NC4as_T4_v3"),
        ({"REELBRUSH_ALERT_EMAIL": "ops"}, "ops is not one address"),
        ({"REELBRUSH_ALERT_EMAIL": ""}, "the budget needs an address"),
        ({"REELBRUSH_GPU_NODES": "none"}, "azd env set REELBRUSH_GPU_NODES VALUE"),
    ],
)
def test_values_that_do_not_go_together(values: dict[str, str], expected: str) -> None:
    checks = of_plan(**values)
    assert expected in told(checks, Outcome.FAILED)
    assert all(check.fix for check in checks if check.outcome is Outcome.FAILED)


def test_what_somebody_may_want_to_know() -> None:
    said = told(of_plan(REELBRUSH_PRIVATE="true", REELBRUSH_GPU_SIZE="Standard_Unknown"), Outcome.REMARK)
    assert "inside the virtual network alone" in said and "Standard_Unknown is not in" in said


@pytest.mark.parametrize(
    ("look", "command"),
    [
        (check_providers, "provider list"),
        (check_rights, PERMISSIONS),
        (check_region, f"rest get {SCOPE}/locations"),
        (check_region, "functionapp list-flexconsumption-locations"),
        (check_region, f"rest get {HERE}/vmSizes"),
        (check_quota, f"rest get {HERE}/usages"),
        (check_leftovers, VAULTS),
        (check_leftovers, WORKSPACES),
    ],
)
def test_what_may_not_be_read_is_skipped(world: World, look: Looks, command: str) -> None:
    world.says(command, forbidden("read"))
    checks = list(look(world.site()))
    assert "not checked" in told(checks, Outcome.UNCHECKED) and not told(checks, Outcome.FAILED)


def test_the_templates_build_images_with_the_checked_size() -> None:
    modules = (ROOT / "infra" / "bicep" / "modules").glob("*.bicep")
    assert any(f"param buildVmSize string = '{BUILD_SIZE}'" in path.read_text() for path in modules)
    assert BUILD_SIZE in {row["name"] for row in SIZES}


def test_providers_are_those_of_the_templates() -> None:
    texts = [path.read_text() for path in (ROOT / "infra" / "bicep").rglob("*.bicep")]
    used = {name for text in texts for name in re.findall(r"'(Microsoft\.[A-Za-z]+)/", text)}
    built_in = {"Microsoft.Authorization", "Microsoft.Resources"}
    nodes = {"Microsoft.Compute"}  # of the Kubernetes cluster, which makes them
    everything = Plan(private=True, budget=1, aks=True, durable="dts")
    assert set(needed_providers(everything)) == used - built_in | nodes


BUDGET = f"rest get {SCOPE}/resourceGroups/rg-dev/providers/Microsoft.Consumption/budgets/reelbrush"


def month(offset: int) -> str:
    """Return the first day of the month that is `offset` months from now."""
    months = datetime.now(UTC).year * 12 + datetime.now(UTC).month - 1 + offset
    return f"{months // 12}-{months % 12 + 1:02}-01"


@pytest.mark.parametrize("start", ["", month(0), month(12)])
def test_a_budget_that_can_be_made(world: World, start: str) -> None:
    assert failures(check_budget, world, REELBRUSH_BUDGET_START=start) == ""


@pytest.mark.parametrize("start", [month(-1), month(13), "2026-11-02", "soon", "2026-13-01"])
def test_a_budget_s_first_day_that_is_refused(world: World, start: str) -> None:
    said = failures(check_budget, world, REELBRUSH_BUDGET_START=start)
    assert f"azd env set REELBRUSH_BUDGET_START {month(0)}" in said


def test_a_budget_that_is_there_keeps_its_first_day(world: World) -> None:
    begun = month(-2)
    world.says(BUDGET, {"properties": {"timePeriod": {"startDate": f"{begun}T00:00:00Z"}}})
    assert f"azd env set REELBRUSH_BUDGET_START {begun}" in failures(check_budget, world)
    assert failures(check_budget, world, REELBRUSH_BUDGET_START=begun) == ""
    world.says(BUDGET, forbidden("read budgets"))
    assert "not checked" in told(list(check_budget(world.site())), Outcome.UNCHECKED)


def test_names_and_defaults_are_those_of_the_parameter_file() -> None:
    """Every variable that the templates read is read by the checks or named here, with the same default."""
    parameters = json.loads((ROOT / "infra" / "bicep" / "main.parameters.json").read_text())["parameters"]
    texts = [str(parameter["value"]) for parameter in parameters.values()]
    variables = dict(text.strip("${}").partition("=")[::2] for text in texts if text.startswith("${"))
    source = (ROOT / "reelbrush" / "deploy" / "plan.py").read_text()
    read = {name for name in variables if f'"{name}"' in source}
    assert set(variables) - read == {"REELBRUSH_IMAGE", "REELBRUSH_MAX_COST"}
    given = {name: value for name, value in variables.items() if name.startswith("REELBRUSH_")}
    assert read_plan(Values(given, "")) == (Plan(), [])
