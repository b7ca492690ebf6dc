"""What can be reached from where: every policy yields what is wrong with a stack."""

from __future__ import annotations

from collections.abc import Iterator

from tests.infra.stack import Stack, at

CLOSED = (  # in a private stack these answer to nobody on the internet
    "Microsoft.KeyVault/vaults",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.Web/sites",
)
ENDPOINTS = {  # type of the service: groups of its private endpoints
    "Microsoft.KeyVault/vaults": {"vault"},
    "Microsoft.ContainerRegistry/registries": {"registry"},
    "Microsoft.MachineLearningServices/workspaces": {"amlworkspace"},
    "Microsoft.Web/sites": {"sites"},
}
ZONES = {  # group of an endpoint: the DNS zones in which its names must be
    "blob": {"privatelink.blob.core.windows.net"},
    "queue": {"privatelink.queue.core.windows.net"},
    "table": {"privatelink.table.core.windows.net"},
    "file": {"privatelink.file.core.windows.net"},
    "vault": {"privatelink.vaultcore.azure.net"},
    "registry": {"privatelink.azurecr.io"},
    "sites": {"privatelink.azurewebsites.net"},
    "amlworkspace": {"privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"},
}


def public_access_is_as_the_stack_says(stack: Stack) -> Iterator[str]:
    """Private: everything is closed but the queue that Event Grid writes to. Otherwise all is open."""
    wanted = "Disabled" if stack.private else "Enabled"
    for kind in CLOSED:
        for resource in stack.of(kind):
            if at(resource, "properties.publicNetworkAccess") != wanted:
                yield f"{resource['name']} is {at(resource, 'properties.publicNetworkAccess')}, not {wanted}"
    data, ops = stack.account("data"), stack.account("ops")
    if at(data, "properties.publicNetworkAccess") != wanted:
        yield f"{data['name']} is {at(data, 'properties.publicNetworkAccess')}, not {wanted}"
    if not stack.private:
        return
    for account in (data, ops):
        if at(account, "properties.networkAcls.defaultAction") != "Deny":
            yield f"{account['name']} lets every network in"
        if at(account, "properties.networkAcls.ipRules") or at(
            account, "properties.networkAcls.virtualNetworkRules"
        ):
            yield f"{account['name']} has exceptions in its firewall"
    if "AzureServices" not in str(at(ops, "properties.networkAcls.bypass")):
        yield f"{ops['name']} shuts out Event Grid, which has no private endpoints"
    for cluster in stack.of("Microsoft.ContainerService/managedClusters"):
        if at(cluster, "properties.apiServerAccessProfile.enablePrivateCluster") is not True:
            yield f"{cluster['name']} answers on the internet"
    for compute in stack.of("Microsoft.MachineLearningServices/workspaces/computes"):
        if at(compute, "properties.properties.enableNodePublicIp"):
            yield f"{compute['name']}: its nodes have public addresses"


def private_endpoints_lead_to_everything(stack: Stack) -> Iterator[str]:
    """Every service that is closed has its endpoints, each with names in the right zones of the network."""
    endpoints = {
        (connection["properties"]["privateLinkServiceId"], group): endpoint
        for endpoint in stack.of("Microsoft.Network/privateEndpoints")
        for connection in endpoint["properties"]["privateLinkServiceConnections"]
        for group in connection["properties"]["groupIds"]
    }
    if not stack.private:
        if endpoints or stack.of("Microsoft.Network/virtualNetworks"):
            yield "a network that nobody asked for costs money"
        return
    needed = {(r["id"], g) for kind, groups in ENDPOINTS.items() for r in stack.of(kind) for g in groups}
    needed |= {(stack.account("data")["id"], "blob")}
    needed |= {(stack.account("ops")["id"], group) for group in ("blob", "queue", "table", "file")}
    for service, group in sorted(needed - endpoints.keys()):
        yield f"no private endpoint leads to {group} of {service}"
    linked = {
        link["name"].split("/")[0]
        for link in stack.of("Microsoft.Network/privateDnsZones/virtualNetworkLinks")
        if at(link, "properties.virtualNetwork.id")
    }
    groups = {
        zones["name"].split("/")[0]: {
            str(at(zone, "properties.privateDnsZoneId")).split("/")[-1]
            for zone in zones["properties"]["privateDnsZoneConfigs"]
        }
        for zones in stack.of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    }
    for (_, group), endpoint in endpoints.items():
        named = groups.get(endpoint["name"], set())
        if named != ZONES.get(group, named):
            yield f"{endpoint['name']}: names of {group} are in {sorted(named)}"
        if named - linked:
            yield f"{endpoint['name']}: {sorted(named - linked)} are not known to the network"


def the_app_and_its_neighbours_are_in_the_network(stack: Stack) -> Iterator[str]:
    """The app has a subnet of its own, delegated as Flex Consumption needs it; all have their rules."""
    (site,) = stack.of("Microsoft.Web/sites")
    subnet = at(site, "properties.virtualNetworkSubnetId")
    if not stack.private:
        if subnet:
            yield "the app is in a network that nobody asked for"
        return
    (network,) = stack.of("Microsoft.Network/virtualNetworks")
    for each in network["properties"]["subnets"]:
        if not at(each, "properties.networkSecurityGroup.id"):
            yield f"subnet {each['name']} has no security group"
    if not subnet:
        yield "the app is outside the network and cannot reach what is closed"
        return
    own = next(s for s in network["properties"]["subnets"] if s["name"] == str(subnet).split("/")[-1])
    delegated = [at(d, "properties.serviceName") for d in at(own, "properties.delegations") or []]
    if delegated != ["Microsoft.App/environments"]:
        yield f"the app's subnet is delegated to {delegated}"


def the_cluster_reaches_the_videos_in_private(stack: Stack) -> Iterator[str]:
    """A private workspace has a managed network, whose rule leads to the account of the videos."""
    (workspace,) = stack.of("Microsoft.MachineLearningServices/workspaces")
    mode = at(workspace, "properties.managedNetwork.isolationMode")
    if not stack.private:
        if mode not in (None, "Disabled"):
            yield f"the workspace's managed network is {mode}"
        return
    if mode not in ("AllowInternetOutbound", "AllowOnlyApprovedOutbound"):
        yield f"the workspace's managed network is {mode}"
    rules = {
        (
            at(rule, "properties.destination.serviceResourceId"),
            at(rule, "properties.destination.subresourceTarget"),
        )
        for rule in stack.of("Microsoft.MachineLearningServices/workspaces/outboundRules")
    }
    if (stack.account("data")["id"], "blob") not in rules:
        yield "nodes cannot reach the account of the videos"
    if not at(workspace, "properties.imageBuildCompute"):
        yield "a closed registry cannot build images itself, and no compute does"


POLICIES = (
    public_access_is_as_the_stack_says,
    private_endpoints_lead_to_everything,
    the_app_and_its_neighbours_are_in_the_network,
    the_cluster_reaches_the_videos_in_private,
)
