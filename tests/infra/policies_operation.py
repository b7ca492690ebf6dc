"""What an operator relies on: every policy yields what is wrong with a stack."""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Iterator

from reelbrush.job.names import INPUT, OUTPUT, STYLES, WORK
from reelbrush.settings import Settings
from reelbrush.store import account_cors
from tests.infra.stack import Stack, at

WATCHED = (  # resources whose logs go to Log Analytics
    "Microsoft.KeyVault/vaults",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.Web/sites",
    "Microsoft.ContainerService/managedClusters",
)
UNTAGGED = re.compile(  # types that have a location, or stand alone, and take no tags
    r"Microsoft\.(Authorization|Consumption)/|"
    r"/(blobServices|queueServices|tableServices|fileServices|managementPolicies|config|datastores|outboundRules|"
    r"basicPublishingCredentialsPolicies|eventSubscriptions|diagnosticSettings|privateDnsZoneGroups|extensions|"
    r"subnets|containers|queues|tables|taskHubs|agentPools|maintenanceConfigurations|federatedIdentityCredentials|"
    r"virtualNetworkLinks)(/|$)",
    re.IGNORECASE,
)


def everything_is_tagged(stack: Stack) -> Iterator[str]:
    """azd finds what belongs to an environment by tags, and people find who pays."""
    name = stack.only("Microsoft.Resources/resourceGroups").get("tags", {}).get("azd-env-name")
    if not name:
        yield "the group has no tag azd-env-name"
    for resource in stack.resources:
        if not UNTAGGED.search(resource["type"]) and resource.get("tags", {}).get("azd-env-name") != name:
            yield f"{resource['type']} {resource['name']} has no tag azd-env-name"
    (site,) = stack.of("Microsoft.Web/sites")
    if at(site, "tags.azd-service-name") != "functions":
        yield "azd does not find the app: it has no tag azd-service-name"


def everything_logs_to_one_place(stack: Stack) -> Iterator[str]:
    """Diagnostic settings of every service that has logs lead to the one workspace, for a limited time."""
    (logs,) = stack.of("Microsoft.OperationalInsights/workspaces")
    told = {
        s["id"].split("/providers/Microsoft.Insights/diagnosticSettings/")[0]
        for s in stack.of("Microsoft.Insights/diagnosticSettings")
        if at(s, "properties.workspaceId") == logs["id"]
    }
    for kind in WATCHED:
        for resource in stack.of(kind):
            if resource["id"] not in told:
                yield f"{resource['name']} logs nowhere"
    for account in stack.of("Microsoft.Storage/storageAccounts"):
        if f"{account['id']}/blobServices/default" not in told:
            yield f"{account['name']}: its blobs log nowhere"
    if not 30 <= (at(logs, "properties.retentionInDays") or 0) <= 365:
        yield f"logs stay for {at(logs, 'properties.retentionInDays')} days"
    for insights in stack.of("Microsoft.Insights/components"):
        if at(insights, "properties.WorkspaceResourceId") != logs["id"]:
            yield f"{insights['name']} keeps its own logs"


def only_work_is_cleaned_up(stack: Stack) -> Iterator[str]:
    """Rules of life cycle remove what jobs left in `work/`, never a source, an output or an index."""
    swept: set[str] = set()
    history = int(stack.settings().get("REELBRUSH_HISTORY_DAYS", Settings.history_days))
    for policy in stack.of("Microsoft.Storage/storageAccounts/managementPolicies"):
        for rule in policy["properties"]["policy"]["rules"]:
            prefixes = at(rule, "definition.filters.prefixMatch") or [""]
            days = at(rule, "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan")
            if rule.get("enabled") is False or days is None:
                continue
            swept |= set(prefixes)
            if days <= history:
                yield f"rule {rule['name']} deletes what the app still tells of"
    # ids of jobs begin with a letter or a digit; what begins with a dot belongs to no single job
    jobs = {f"{WORK}/{character}" for character in string.ascii_lowercase + string.digits}
    if swept - jobs:
        yield f"rules delete {sorted(swept - jobs)}"
    if jobs - swept:
        yield f"what some jobs leave in work/ stays for ever: {sorted(jobs - swept)}"


def deleted_videos_can_be_had_back(stack: Stack) -> Iterator[str]:
    """Blobs and containers of the account of the videos are deleted softly."""
    data = stack.account("data")
    services = stack.only("Microsoft.Storage/storageAccounts/blobServices", data["name"] + "/")
    for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        enabled, days = (
            at(services, f"properties.{policy}.enabled"),
            at(services, f"properties.{policy}.days"),
        )
        if enabled is not True or not 1 <= (days or 0) <= 30:
            yield f"{data['name']}: {policy} is {enabled} for {days} days"


def the_containers_are_those_of_the_app(stack: Stack) -> Iterator[str]:
    """Containers and queues have the names that the code uses."""
    kind = "Microsoft.Storage/storageAccounts/blobServices/containers"
    data, ops = stack.account("data"), stack.account("ops")
    found = stack.below(kind, data)
    if found != sorted((INPUT, OUTPUT, WORK, STYLES)):
        yield f"the account of the videos has the containers {found}"
    for container in stack.of(kind):
        if at(container, "properties.publicAccess") not in (None, "None"):
            yield f"{container['name']} is public"
    if missing := {"app-package", "dead-letters"} - set(stack.below(kind, ops)):
        yield f"the account of the host lacks {sorted(missing)}"
    (site,) = stack.of("Microsoft.Web/sites")
    package = str(at(site, "properties.functionAppConfig.deployment.storage.value"))
    if not package.rstrip("/").endswith("app-package"):
        yield f"the app is deployed to {package}"


def the_page_may_upload(stack: Stack) -> Iterator[str]:
    """The account of the videos takes uploads of the app's own page, as account_cors would allow them."""
    data = stack.account("data")
    services = stack.only("Microsoft.Storage/storageAccounts/blobServices", data["name"] + "/")
    (site,) = stack.of("Microsoft.Web/sites")
    rules = at(services, "properties.cors.corsRules") or []
    if [rule["allowedOrigins"] for rule in rules] != [[f"https://{site['name']}.azurewebsites.net"]]:
        yield f"pages of {[rule['allowedOrigins'] for rule in rules]} may upload"
        return
    (rule,) = rules
    if set(rule["allowedMethods"]) != set(account_cors.METHODS):
        yield f"the page may only {rule['allowedMethods']}"
    if rule["allowedHeaders"] != ["*"] or rule["exposedHeaders"] != ["*"]:
        yield f"the page may send {rule['allowedHeaders']} and see {rule['exposedHeaders']}"


def clusters_scale_to_zero(stack: Stack) -> Iterator[str]:
    """No node waits for work: nothing but a run keeps a machine, but for one of an AKS cluster."""
    computes = stack.of("Microsoft.MachineLearningServices/workspaces/computes")
    for compute in computes:
        if at(compute, "properties.computeType") != "AmlCompute":
            continue
        scale = at(compute, "properties.properties.scaleSettings") or {}
        if scale.get("minNodeCount") != 0 or not 1 <= scale.get("maxNodeCount", 0) <= 100:
            yield f"{compute['name']} keeps {scale.get('minNodeCount')} to {scale.get('maxNodeCount')} nodes"
        if not re.fullmatch(r"PT\d+S", str(scale.get("nodeIdleTimeBeforeScaleDown"))):
            yield f"{compute['name']} lets nodes idle for {scale.get('nodeIdleTimeBeforeScaleDown')}"
    for cluster in stack.of("Microsoft.ContainerService/managedClusters"):
        pools = stack.of("Microsoft.ContainerService/managedClusters/agentPools")
        profiles = [*cluster["properties"]["agentPoolProfiles"], *(pool["properties"] for pool in pools)]
        painting = [p for p in profiles if p["vmSize"] == stack.settings()["REELBRUSH_VM_SIZE"]]
        if not painting:
            yield f"{cluster['name']} has no node that paints"
        for pool in painting:
            # one, since the scheduler of Azure Machine Learning does not start the first one by itself
            if not pool.get("enableAutoScaling") or pool.get("minCount") not in (0, 1):
                yield f"{cluster['name']} keeps {pool.get('minCount')} GPU nodes"
    (plan,) = stack.of("Microsoft.Web/serverfarms")
    if at(plan, "sku.name") != "FC1":
        yield f"the app's plan {at(plan, 'sku.name')} costs money while nothing happens"


def somebody_is_told(stack: Stack) -> Iterator[str]:
    """Where an address is given, alerts reach it, and a budget warns before it is spent."""
    groups = {group["id"] for group in stack.of("Microsoft.Insights/actionGroups")}
    rules = stack.of("Microsoft.Insights/scheduledQueryRules") + stack.of("Microsoft.Insights/metricAlerts")
    if not stack.private:
        return  # dev names no address
    if len(rules) < 4:
        yield f"only {len(rules)} alerts"
    for rule in rules:
        actions = at(rule, "properties.actions")
        listed = at(actions, "actionGroups") or [a.get("actionGroupId") for a in actions or []]
        if not listed or not set(listed) <= groups:
            yield f"alert {rule['name']} tells nobody"
        if at(rule, "properties.enabled") is False:
            yield f"alert {rule['name']} is off"
    budgets = stack.of("Microsoft.Consumption/budgets")
    if len(budgets) != 1:
        yield "there is no budget"
        return
    notices = budgets[0]["properties"]["notifications"].values()
    if min(n["threshold"] for n in notices) > 80 or not all(n["contactEmails"] for n in notices):
        yield "the budget warns too late, or nobody"
    if not any(n.get("thresholdType") == "Forecasted" for n in notices):
        yield "the budget does not warn of what is foreseen"


def versions_are_stable_and_one_per_type(stack: Stack) -> Iterator[str]:
    """No preview of an API but where there is nothing else; a type is asked for in one version."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for resource in stack.resources:
        versions[resource["type"].lower()].add(resource["apiVersion"])
    for kind, found in versions.items():
        if len(found) > 1:
            yield f"{kind} is asked for in {sorted(found)}"
        if kind != "microsoft.insights/diagnosticsettings" and any("preview" in v for v in found):
            yield f"{kind} is asked for in {sorted(found)}"


def tiers_have_what_is_asked_of_them(stack: Stack) -> Iterator[str]:
    """Private endpoints and zones of a registry need its Premium tier; Azure refuses them otherwise."""
    for registry in stack.of("Microsoft.ContainerRegistry/registries"):
        dear = (
            at(registry, "properties.zoneRedundancy") == "Enabled"
            or at(registry, "properties.publicNetworkAccess") == "Disabled"
        )
        if dear and at(registry, "sku.name") != "Premium":
            yield f"{registry['name']} asks too much of {at(registry, 'sku.name')}"


def everything_is_in_one_place(stack: Stack) -> Iterator[str]:
    """All resources are in the region that was asked for, but those that have none."""
    place = stack.only("Microsoft.Resources/resourceGroups")["location"]
    for resource in stack.resources:
        if resource.get("location", place) not in (place, "global"):
            yield f"{resource['type']} {resource['name']} is in {resource['location']}"


POLICIES = (
    everything_is_tagged,
    everything_logs_to_one_place,
    only_work_is_cleaned_up,
    deleted_videos_can_be_had_back,
    the_containers_are_those_of_the_app,
    the_page_may_upload,
    clusters_scale_to_zero,
    somebody_is_told,
    versions_are_stable_and_one_per_type,
    tiers_have_what_is_asked_of_them,
    everything_is_in_one_place,
)
