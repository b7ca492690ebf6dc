"""The AKS cluster of the stack fits the runs that go to it, and what docs/kubernetes.md says of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reelbrush.pricing.sizes import vm_size
from tests.conftest import ROOT
from tests.infra.stack import BICEP, Stack, Wanted, evaluate

DOCUMENT = (ROOT / "docs" / "kubernetes.md").read_text()
SIZES = re.findall(
    r"^  (Standard_\w+): \{ cpu", (BICEP / "modules" / "kubernetes.bicep").read_text(), re.MULTILINE
)


@pytest.fixture(scope="module", params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """A deployment with an AKS cluster, open and private."""
    return evaluate(Wanted("aks", f"{request.param}.bicepparam", {"useAks": True}))


def attached(stack: Stack) -> dict[str, Any]:
    """Return what the stack says of the compute that the cluster is attached as."""
    name = "/" + stack.settings()["REELBRUSH_CLUSTER"]
    computes = stack.of("Microsoft.MachineLearningServices/workspaces/computes")
    (compute,) = (c for c in computes if c["name"].endswith(name))
    return compute["properties"]


def pools(stack: Stack) -> list[dict[str, Any]]:
    """Return all node pools."""
    (cluster,) = stack.of("Microsoft.ContainerService/managedClusters")
    more = stack.of("Microsoft.ContainerService/managedClusters/agentPools")
    return [
        *cluster["properties"]["agentPoolProfiles"],
        *({"name": pool["name"].split("/")[-1], **pool["properties"]} for pool in more),
    ]


def test_runs_find_their_nodes(stack: Stack) -> None:
    compute = attached(stack)
    assert compute["computeType"] == "Kubernetes"
    kind = compute["properties"]["instanceTypes"][stack.settings()["REELBRUSH_INSTANCE_TYPE"]]
    (pool,) = (p for p in pools(stack) if kind["nodeSelector"].items() <= p.get("nodeLabels", {}).items())
    assert pool["nodeTaints"] == ["ml.azure.com/amlarc=true:NoSchedule"], "runs tolerate no other"
    assert pool["vmSize"] == stack.settings()["REELBRUSH_VM_SIZE"]
    assert str(pool["maxCount"]) == stack.settings()["REELBRUSH_NODES"]
    assert pool["minCount"] <= pool["count"] <= pool["maxCount"]
    assert any(not p.get("nodeTaints") for p in pools(stack)), "the extension needs nodes without a taint"


@pytest.mark.parametrize("size", SIZES)
def test_a_run_fits_its_share_of_a_node(size: str) -> None:
    stack = evaluate(Wanted("aks", "dev.bicepparam", {"useAks": True, "gpuVmSize": size}))
    (kind,) = attached(stack)["properties"]["instanceTypes"].values()
    asked, most, node = kind["resources"]["requests"], kind["resources"]["limits"], vm_size(size)
    assert node is not None and node.gpus >= 1
    assert most["nvidia.com/gpu"] == "1" and "nvidia.com/gpu" not in asked, "only limits may name GPUs"
    assert asked["cpu"] == most["cpu"] and asked["memory"] == most["memory"]
    share, memory = node.vcpus / node.gpus, int(most["memory"].removesuffix("Gi"))
    assert share * 0.6 <= int(most["cpu"]) < share
    assert memory <= node.memory_gib / node.gpus * 0.85


def test_the_extension_is_set_up_for_runs_alone(stack: Stack) -> None:
    (extension,) = stack.of("Microsoft.KubernetesConfiguration/extensions")
    settings = extension["properties"]["configurationSettings"]
    assert settings["enableTraining"] == "True" and settings["enableInference"] == "False"
    assert settings["installNvidiaDevicePlugin"] == "True", "nothing else brings the plugin"
    for name in settings:
        assert name in DOCUMENT, f"docs/kubernetes.md does not tell about {name}"


def test_a_private_cluster_is_in_the_network_that_reaches_the_accounts(stack: Stack) -> None:
    (cluster,) = stack.of("Microsoft.ContainerService/managedClusters")
    api = cluster["properties"]["apiServerAccessProfile"]
    assert api["enablePrivateCluster"] is stack.private
    assert not api.get("enablePrivateClusterPublicFQDN"), "Azure Machine Learning does not support it"
    subnets = {pool.get("vnetSubnetID") or "" for pool in pools(stack)}
    assert len(subnets) == 1
    assert next(iter(subnets)).endswith("/subnets/cluster") is stack.private


def test_the_document_tells_the_stack_s_names(stack: Stack) -> None:
    section = DOCUMENT.partition("## By `azd up`")[2].partition("\n## ")[0]
    compute = attached(stack)["properties"]
    told = [
        stack.settings()["REELBRUSH_CLUSTER"],
        stack.settings()["REELBRUSH_INSTANCE_TYPE"],
        compute["namespace"],
        *(pool["name"] for pool in pools(stack)),
    ]
    for name in told:
        assert f"`{name}`" in section, name
