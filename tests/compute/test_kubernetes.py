"""Runs on a Kubernetes compute that is attached to the workspace: what both SDKs send for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reelbrush.compute.azureml import AzureMLCompute
from reelbrush.compute.azureml_v2 import AzureMLV2Compute
from reelbrush.compute.port import RunRequest
from reelbrush.job import BatchState
from reelbrush.settings import Settings
from tests.fakes.azureml.schema import violations
from tests.fakes.azureml.stand_in import StandIn


@pytest.fixture
def settings(azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch) -> Settings:
    azure_ml.visit(monkeypatch)
    azure_ml.simulate()
    return Settings(
        store="https://account.blob.core.windows.net",
        backend="azureml",
        workspace=azure_ml.workspace_id,
        image="registry/scoring:1",
        cluster="aks-gpu",
        instance_type="gpu",
        scoring_identity="5c0417a6-0000-4000-8000-000000000001",
        processes=2,
    )


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "app" / "scoring").mkdir(parents=True)
    (tmp_path / "app" / "scoring" / "__main__.py").touch()
    return tmp_path / "app"


def test_azureml_core_names_the_compute_and_the_instance_type(
    azure_ml: StandIn, settings: Settings, code: Path
) -> None:
    compute = AzureMLCompute(settings, azure_ml.credential(), code)
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1", nodes=2))
    sent = azure_ml.run("clip-1-b0-a1").body["Configuration"]
    assert sent["target"] == "aks-gpu"
    assert sent["kubernetescompute"] == {"instanceType": "gpu"}
    assert sent["mpi"] == {"processCountPerNode": 2, "nodeCount": 2} and sent["nodeCount"] == 2
    assert sent["docker"]["useDocker"] is True and sent["maxRunDurationSeconds"] == 21600
    assert sent["environmentVariables"] == {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    azure_ml.wait_ended()
    assert compute.status("clip-1", ["clip-1-b0-a1"])["clip-1-b0-a1"].state is BatchState.DONE

    plain = AzureMLCompute(replace(settings, instance_type=""), azure_ml.credential(), code)
    plain.submit(RunRequest("clip-1", "clip-1-b1-a1"))
    sent = azure_ml.run("clip-1-b1-a1").body["Configuration"]
    assert sent["kubernetescompute"]["instanceType"] is None


def test_azure_ai_ml_names_the_compute_and_the_instance_type(
    azure_ml: StandIn, settings: Settings, code: Path
) -> None:
    compute = AzureMLV2Compute(settings, azure_ml.credential(), code)
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1", nodes=2))
    body = azure_ml.run("clip-1-b0-a1").body
    sent = body["properties"]
    assert violations("JobBase", body) == [] and not azure_ml.invalid
    assert sent["computeId"] == f"{azure_ml.workspace_id}/computes/aks-gpu"
    assert (sent["resources"]["instanceCount"], sent["resources"]["instanceType"]) == (2, "gpu")
    assert sent["distribution"] == {"distributionType": "Mpi", "processCountPerInstance": 2}
    assert sent["limits"] == {"jobLimitsType": "Command", "timeout": "PT6H"}
    assert "identity" not in sent and "AZURE_CLIENT_ID" not in sent["environmentVariables"]
    assert not sent.get("properties")  # nothing of the repository in which the app was started
    azure_ml.wait_ended()
    assert compute.status("clip-1", ["clip-1-b0-a1"])["clip-1-b0-a1"].state is BatchState.DONE

    plain = AzureMLV2Compute(replace(settings, instance_type=""), azure_ml.credential(), code)
    plain.submit(RunRequest("clip-1", "clip-1-b1-a1"))
    assert "instanceType" not in azure_ml.run("clip-1-b1-a1").body["properties"]["resources"]


def test_the_schema_would_tell_a_wrong_body(azure_ml: StandIn, settings: Settings, code: Path) -> None:
    compute = AzureMLV2Compute(settings, azure_ml.credential(), code)
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    body = azure_ml.run("clip-1-b0-a1").body
    resources = body["properties"]["resources"]
    for wrong in ({"instanceType": 4}, {"instance_type": "gpu"}, {"instanceCount": "2"}):
        properties = body["properties"] | {"resources": resources | wrong}
        assert violations("JobBase", {"properties": properties})


@pytest.mark.parametrize("kind", [AzureMLCompute, AzureMLV2Compute])
def test_a_kubernetes_compute_that_is_well_is_waited_for(
    azure_ml: StandIn, settings: Settings, code: Path, kind: type[AzureMLCompute | AzureMLV2Compute]
) -> None:
    compute = kind(settings, azure_ml.credential(), code)
    assert compute.waiting().busy and not compute.waiting().errors
    assert compute.preflight() == []
    azure_ml.cluster("aks-gpu").state = "Failed"
    assert not compute.waiting().busy and "Failed" in compute.waiting().errors[0]
