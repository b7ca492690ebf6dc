"""Why runs wait, from what a cluster says of itself."""

from __future__ import annotations

import time
from typing import Any

import pytest

from reelbrush.compute.arm import Arm
from reelbrush.compute.waiting import waiting_of, why_waiting
from reelbrush.compute.workspace import Workspace
from reelbrush.errors import ComputeError
from tests.fakes.azureml import arm_storage, texts
from tests.fakes.azureml.cluster import Cluster
from tests.fakes.azureml.stand_in import StandIn


@pytest.fixture
def arm(azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch) -> Arm:
    """Azure Resource Manager as the app sees it, with its managed identity."""
    azure_ml.visit(monkeypatch)
    return Arm(Workspace.parse(azure_ml.workspace_id))


def managed(state: str = "Succeeded", **own: Any) -> dict[str, Any]:
    """Return the document of an AmlCompute."""
    about = {"computeType": "AmlCompute", "provisioningState": state, "properties": own}
    return {"properties": about}


def test_a_cluster_at_rest_and_one_that_is_missing(arm: Arm) -> None:
    at_rest = why_waiting(arm, arm.workspace, "gpu-cluster")
    assert (at_rest.busy, at_rest.errors) == (False, ())
    missing = why_waiting(arm, arm.workspace, "no-such")
    assert not missing.busy and "no-such" in missing.errors[0] and "REELBRUSH_CLUSTER" in missing.errors[0]


def test_kubernetes_is_busy_while_it_is_well(arm: Arm, azure_ml: StandIn) -> None:
    assert why_waiting(arm, arm.workspace, "aks-gpu").busy
    azure_ml.add_cluster(Cluster("aks-gpu", kind="Kubernetes", state="Failed"))
    told = why_waiting(arm, arm.workspace, "aks-gpu")
    assert not told.busy and "Failed" in told.errors[0]


@pytest.mark.parametrize("node", ["preparing", "running", "leaving"])
def test_nodes_at_work_make_it_busy(node: str) -> None:
    assert waiting_of(managed(nodeStateCounts={f"{node}NodeCount": 1})).busy


@pytest.mark.parametrize("node", ["idle", "unusable", "preempted"])
def test_other_nodes_do_not(node: str) -> None:
    assert not waiting_of(managed(nodeStateCounts={f"{node}NodeCount": 1})).busy


def test_growing_counts_only_while_nothing_stands_against_it() -> None:
    growing = {"allocationState": "Resizing", "currentNodeCount": 0, "targetNodeCount": 2}
    assert waiting_of(managed(**growing)).busy
    assert not waiting_of(managed(**{**growing, "targetNodeCount": 0})).busy
    error = {"code": "ClusterCoreQuotaReached", "message": "quota limits of Core. Maximum allowed: 0"}
    told = waiting_of(managed(**growing, errors=[{"error": error}]))
    assert not told.busy and "quota" in told.errors[0] and "Maximum allowed: 0" in told.errors[0]


def test_errors_are_unwrapped_explained_and_said_once() -> None:
    behind = {"code": "AllocationFailed", "message": "We do not have sufficient capacity in this region."}
    nested = {"error": {"code": "", "message": "", "details": [behind, behind]}}
    told = waiting_of(managed(errors=[nested, "something odd"]))
    assert len(told.errors) == 2
    assert "no free machine" in told.errors[0] and "sufficient capacity" in told.errors[0]
    assert "something odd" in told.errors[1]


def test_what_keeps_a_cluster_small_is_told() -> None:
    assert "maximum is 0" in waiting_of(managed(scaleSettings={"maxNodeCount": 0})).errors[0]
    assert (
        "2 of the cluster's nodes" in waiting_of(managed(nodeStateCounts={"unusableNodeCount": 2})).errors[0]
    )
    assert "Creating" in waiting_of(managed(state="Creating")).errors[0]


def test_no_secret_of_an_error_is_passed_on() -> None:
    message = "pull failed: https://account.blob.core.windows.net/c/b?sv=2024&sig=c2VjcmV0c2VjcmV0"
    assert "c2VjcmV0" not in waiting_of(managed(errors=[{"message": message}])).errors[0]


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [("503", "unavailable", True), ("lost", "unavailable", True), ("403", "forbidden", False)],
)
def test_trouble_in_asking_is_an_error(
    arm: Arm, azure_ml: StandIn, fault: str, code: str, retryable: bool
) -> None:
    azure_ml.scenario(only="compute", answers=(fault,) * 10)
    with pytest.raises(ComputeError) as caught:
        why_waiting(arm, arm.workspace, "gpu-cluster")
    assert (caught.value.code, caught.value.retryable) == (code, retryable)


def test_short_trouble_is_not_noticed(arm: Arm, azure_ml: StandIn) -> None:
    azure_ml.scenario(only="compute", answers=("503", "lost"))
    assert not why_waiting(arm, arm.workspace, "gpu-cluster").errors
    assert len(azure_ml.calls("compute")) == 3


def test_lists_are_read_to_their_end(arm: Arm, azure_ml: StandIn) -> None:
    path = f"/subscriptions/{arm.workspace.subscription}/providers/Microsoft.Storage/storageAccounts"
    assert [account["name"] for account in arm.list(path, "2023-05-01")] == ["another", "standinstore"]
    assert len(azure_ml.calls("accounts")) == 2


def test_a_list_that_goes_on_elsewhere_gets_no_token(
    arm: Arm, azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arm_storage, "ARM", "management.azure.com.example.org")
    path = f"/subscriptions/{arm.workspace.subscription}/providers/Microsoft.Storage/storageAccounts"
    with pytest.raises(ComputeError, match="another host"):
        list(arm.list(path, "2023-05-01"))
    assert azure_ml.refused_hosts() == []


def test_nobody_sleeps_for_a_minute_because_the_service_says_so(
    arm: Arm, azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelbrush.compute.arm.PAUSE", 0.05)
    busy = (429, "TooManyRequests", "Too many requests.", {"Retry-After": "60"})
    monkeypatch.setitem(texts._REFUSALS, "patience", busy)  # pyright: ignore[reportPrivateUsage]
    azure_ml.scenario(only="compute", answers=("patience", "patience"))
    began = time.monotonic()
    why_waiting(arm, arm.workspace, "gpu-cluster")
    assert time.monotonic() - began < 30
