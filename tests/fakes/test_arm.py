"""What Azure Resource Manager tells the preflight."""

from __future__ import annotations

from tests.fakes.azureml.cluster import SCORING_CLIENT, SCORING_IDENTITY, SCORING_PRINCIPAL, Cluster
from tests.fakes.azureml.stand_in import StandIn
from tests.fakes.azureml.tokens import APP_PRINCIPAL
from tests.fakes.plain import ARM, Plain

CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


def test_clusters(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.add_cluster(Cluster("small", size="STANDARD_NC6", low_priority=False, maximum=1, state="Failed"))
    azure_ml.remove_cluster("gpu-dedicated")
    small = plain.call("GET", "/computes/small").json()
    assert small["properties"]["provisioningState"] == "Failed"
    assert small["properties"]["properties"]["vmSize"] == "STANDARD_NC6"
    assert small["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 1
    assert small["identity"]["userAssignedIdentities"][SCORING_IDENTITY] == {
        "principalId": SCORING_PRINCIPAL,
        "clientId": SCORING_CLIENT,
    }
    assert plain.call("GET", "/computes/gpu-dedicated").status_code == 404
    kubernetes = plain.call("GET", "/computes/aks-gpu").json()["properties"]
    assert kubernetes["computeType"] == "Kubernetes" and "gpu" in kubernetes["properties"]["instanceTypes"]
    listed = plain.call("GET", "/computes").json()["value"]
    assert [each["name"] for each in listed] == ["gpu-cluster", "aks-gpu", "small"]


def test_quota_and_sizes(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.service.usages = [("vmFamily", "Standard NCASv3_T4 Family Cluster Dedicated vCPUs", 4, -1)]
    location = (
        f"{ARM}/subscriptions/{azure_ml.service.subscription}"
        "/providers/Microsoft.MachineLearningServices/locations/westeurope"
    )
    (usage,) = plain.call("GET", location + "/usages").json()["value"]
    assert (usage["currentValue"], usage["limit"]) == (4, -1)
    assert usage["type"].endswith("/vmFamily/usages")
    sizes = plain.call("GET", location + "/vmSizes").json()["value"]
    assert {size["name"]: size["gpus"] for size in sizes}["Standard_NC64as_T4_v3"] == 4


def test_roles_and_locks(azure_ml: StandIn, plain: Plain) -> None:
    group = f"/subscriptions/{azure_ml.service.subscription}/resourceGroups/rg"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/videos"
    azure_ml.service.roles += [
        (group, SCORING_PRINCIPAL, CONTRIBUTOR),
        (f"{account}2", APP_PRINCIPAL, CONTRIBUTOR),
    ]
    azure_ml.service.locks.append((group, "CanNotDelete"))
    assignments = f"{ARM}{account}/providers/Microsoft.Authorization/roleAssignments"

    def roles(principal: str) -> list[str]:
        query = {"$filter": f"principalId eq '{principal}'"}
        found = plain.call("GET", assignments, params=query).json()["value"]
        return [each["properties"]["roleDefinitionId"].rsplit("/", 1)[1] for each in found]

    assert roles(SCORING_PRINCIPAL) == [CONTRIBUTOR]
    assert roles(APP_PRINCIPAL) == []  # its role is on another account
    locks = plain.call("GET", f"{ARM}{account}/providers/Microsoft.Authorization/locks").json()["value"]
    assert [lock["properties"]["level"] for lock in locks] == ["CanNotDelete"]
    permissions = f"{ARM}{account}/providers/Microsoft.Authorization/permissions"
    assert plain.call("GET", permissions).json()["value"][0]["actions"] == ["*/read"]
    azure_ml.scenario(only="roles", chances={"403": 1.0})
    assert plain.call("GET", assignments).status_code == 403
