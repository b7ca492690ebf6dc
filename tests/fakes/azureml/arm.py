"""Routes of Azure Resource Manager that both SDKs and the preflight read."""

from __future__ import annotations

import re
import uuid

from tests.fakes.azureml import texts
from tests.fakes.azureml.cluster import Cluster
from tests.fakes.azureml.routing import ARM, DATA, route
from tests.fakes.azureml.runs import now
from tests.fakes.azureml.service import ACCOUNT, DATA_URL, REGION, Service
from tests.fakes.azureml.tokens import APP_PRINCIPAL, TENANT
from tests.fakes.azureml.wire import Document, Refusal, Reply, Request, answer

_LOCATION = "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}"
# name, family, vCPUs, GPUs, GiB; as many as tests need, not what a region really offers
_SIZES = (
    ("Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family", 4, 1, 28),
    ("Standard_NC64as_T4_v3", "Standard NCASv3_T4 Family", 64, 4, 440),
    ("Standard_NC24ads_A100_v4", "Standard NCADSA100v4 Family", 24, 1, 220),
    ("Standard_NC96ads_A100_v4", "Standard NCADSA100v4 Family", 96, 4, 880),
    ("Standard_NC40ads_H100_v5", "Standard NCADSH100v5 Family", 40, 1, 320),
    ("Standard_DS3_v2", "Standard DSv2 Family", 4, 0, 14),
)


@route("subscriptions", "GET", ARM, "/subscriptions")
def subscriptions(service: Service, request: Request) -> Reply:
    """List what the caller may see."""
    document = {
        "id": f"/subscriptions/{service.subscription}",
        "subscriptionId": service.subscription,
        "displayName": "stand-in",
        "state": "Enabled",
        "tenantId": TENANT,
    }
    return answer({"value": [document]})


@route("workspace", "GET", ARM, "{ws}")
def workspace(service: Service, request: Request) -> Reply:
    """Describe the workspace."""
    providers = f"/subscriptions/{service.subscription}/resourceGroups/{service.group}/providers"
    return answer(
        {
            "id": service.workspace_id,
            "name": service.name,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "location": REGION,
            "tags": {},
            "identity": {
                "type": "SystemAssigned",
                "principalId": "bb0b3d0a-0000-4000-8000-000000000003",
                "tenantId": TENANT,
            },
            "sku": {"name": "Basic", "tier": "Basic"},
            "properties": {
                "friendlyName": service.name,
                "workspaceId": str(uuid.uuid5(uuid.NAMESPACE_URL, service.workspace_id)),
                "creationTime": "2026-01-01T00:00:00Z",
                "provisioningState": "Succeeded",
                "discoveryUrl": f"{DATA_URL}/discovery",
                "mlFlowTrackingUri": f"azureml://{REGION}.api.azureml.ms/mlflow/v1.0{service.workspace_id}",
                "storageAccount": f"{providers}/Microsoft.Storage/storageAccounts/{ACCOUNT}",
                "keyVault": f"{providers}/Microsoft.KeyVault/vaults/standinvault",
                "applicationInsights": f"{providers}/Microsoft.Insights/components/standin",
                "hbiWorkspace": False,
            },
        }
    )


@route("discovery", "GET", DATA, "/discovery", open=True)
def discovery(service: Service, request: Request) -> Reply:
    """Tell where the services of the data plane are."""
    services = ("api", "experimentation", "history", "hyperdrive", "modelmanagement", "studio", "catalog")
    return answer({name: DATA_URL for name in (*services, "inference", "notebooks", "pipelines")})


@route("compute", "GET", ARM, "{ws}/computes/{name}")
@route("compute", "GET", DATA, "/rp/workspaces{ws}/computes/{name}")
def compute(service: Service, request: Request, name: str) -> Reply:
    """Describe one cluster, its nodes and what keeps it from growing."""
    cluster = service.clusters.get(name)
    if cluster is None:
        raise Refusal(
            404,
            "ResourceNotFound",
            f"The Resource 'Microsoft.MachineLearningServices/workspaces/{service.name}/computes/{name}' "
            f"under resource group '{service.group}' was not found.",
        )
    with service.lock:
        return answer(_compute(service, cluster))


@route("compute", "GET", ARM, "{ws}/computes")
@route("compute", "GET", DATA, "/rp/workspaces{ws}/computes")
def computes(service: Service, request: Request) -> Reply:
    """List the clusters."""
    with service.lock:
        return answer({"value": [_compute(service, cluster) for cluster in service.clusters.values()]})


@route("usages", "GET", ARM, _LOCATION + "/usages")
def usages(service: Service, request: Request, subscription: str, location: str) -> Reply:
    """List used and allowed cores; a limit of -1 says that the family has none of its own."""
    return answer(
        {
            "value": [
                {
                    "id": f"{request.path}/{kind}",
                    "type": f"Microsoft.MachineLearningServices/{kind}/usages",
                    "unit": "Count",
                    "currentValue": used,
                    "limit": limit,
                    "name": {"value": name, "localizedValue": name},
                }
                for kind, name, used, limit in service.usages
            ]
        }
    )


@route("sizes", "GET", ARM, _LOCATION + "/vmSizes")
def sizes(service: Service, request: Request, subscription: str, location: str) -> Reply:
    """List the VM sizes of the region."""
    return answer(
        {
            "value": [
                {
                    "name": name,
                    "family": family,
                    "vCPUs": cores,
                    "gpus": gpus,
                    "memoryGB": memory,
                    "osVhdSizeMB": 1047552,
                    "maxResourceVolumeMB": 180224,
                    "lowPriorityCapable": True,
                    "premiumIO": True,
                    "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
                }
                for name, family, cores, gpus, memory in _SIZES
            ]
        }
    )


@route("roles", "GET", ARM, "{scope*}/providers/Microsoft.Authorization/roleAssignments")
def roles(service: Service, request: Request, scope: str) -> Reply:
    """List role assignments at a scope, above and below, of one principal where the filter names one."""
    named = re.search(r"(?:principalId eq|assignedTo\()\s*'([^']+)'", request.query.get("$filter", ""))
    definition = f"/subscriptions/{service.subscription}/providers/Microsoft.Authorization/roleDefinitions/"
    return answer(
        {
            "value": [
                {
                    "id": f"{at}/providers/Microsoft.Authorization/roleAssignments/{uuid.UUID(int=number)}",
                    "type": "Microsoft.Authorization/roleAssignments",
                    "properties": {
                        "principalId": principal,
                        "principalType": "ServicePrincipal",
                        "roleDefinitionId": definition + role,
                        "scope": at,
                        "condition": service.role_conditions.get((at, principal, role)),
                        "conditionVersion": "2.0"
                        if (at, principal, role) in service.role_conditions
                        else None,
                    },
                }
                for number, (at, principal, role) in enumerate(service.roles)
                if (_within(scope, at) or _within(at, scope))
                and (named is None or named[1].lower() == principal.lower())
            ]
        }
    )


@route("permissions", "GET", ARM, "{scope*}/providers/Microsoft.Authorization/permissions")
def permissions(service: Service, request: Request, scope: str) -> Reply:
    """Tell what the caller may do: everything when one of its roles holds at this scope, else read."""
    holds = any(principal == APP_PRINCIPAL and _within(scope, at) for at, principal, _ in service.roles)
    actions = ["*"] if holds else ["*/read"]
    return answer(
        {"value": [{"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}]}
    )


@route("locks", "GET", ARM, "{scope*}/providers/Microsoft.Authorization/locks")
def locks(service: Service, request: Request, scope: str) -> Reply:
    """List the locks on a scope."""
    return answer(
        {
            "value": [
                {
                    "id": f"{at}/providers/Microsoft.Authorization/locks/lock",
                    "name": "lock",
                    "type": "Microsoft.Authorization/locks",
                    "properties": {"level": level},
                }
                for at, level in service.locks
                if at.lower().startswith(scope.lower()) or scope.lower().startswith(at.lower())
            ]
        }
    )


def _compute(service: Service, cluster: Cluster) -> Document:
    trouble = service.faults.trouble(cluster.name) if cluster.queue else ""
    code, message = texts.CLUSTER_ERRORS.get(trouble, ("", ""))
    if cluster.kind == "Kubernetes":
        own: Document = {
            "namespace": "azureml",
            "defaultInstanceType": "defaultinstancetype",
            "instanceTypes": {"defaultinstancetype": {}, "gpu": {}},
        }
    else:
        own = {
            "osType": "Linux",
            "vmSize": cluster.size,
            "vmPriority": "LowPriority" if cluster.low_priority else "Dedicated",
            "scaleSettings": {
                "minNodeCount": cluster.minimum,
                "maxNodeCount": cluster.maximum,
                "nodeIdleTimeBeforeScaleDown": "PT120S",
            },
            "subnet": None,
            "remoteLoginPortPublicAccess": "Disabled",
            "allocationState": "Resizing" if cluster.starting or cluster.dead or trouble else "Steady",
            "allocationStateTransitionTime": now(),
            "errors": [{"error": {"code": code, "message": message}}] if code else None,
            "currentNodeCount": cluster.nodes,
            "targetNodeCount": cluster.nodes + (cluster.wanted() if trouble else 0),
            "nodeStateCounts": {
                "preparingNodeCount": cluster.starting + cluster.dead,
                "runningNodeCount": cluster.busy,
                "idleNodeCount": cluster.idle,
                "unusableNodeCount": 0,
                "leavingNodeCount": 0,
                "preemptedNodeCount": 0,
            },
        }
    return {
        "id": f"{service.workspace_id}/computes/{cluster.name}",
        "name": cluster.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": REGION,
        "tags": None,
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
                resource: {"principalId": principal, "clientId": client}
                for resource, (principal, client) in cluster.identities.items()
            },
        },
        "properties": {
            "computeType": cluster.kind,
            "computeLocation": REGION,
            "description": None,
            "createdOn": "2026-01-01T00:00:00Z",
            "modifiedOn": "2026-01-01T00:00:00Z",
            "resourceId": f"{service.workspace_id}/aks" if cluster.kind == "Kubernetes" else None,
            "provisioningState": cluster.state,
            "provisioningErrors": None,
            "isAttachedCompute": cluster.kind == "Kubernetes",
            "properties": own,
        },
    }


def _within(scope: str, above: str) -> bool:
    """Return whether a scope is `above` or lies below it."""
    return f"{scope.rstrip('/')}/".lower().startswith(f"{above.rstrip('/')}/".lower())
