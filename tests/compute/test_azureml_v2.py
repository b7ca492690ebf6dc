"""The backend on azure-ai-ml: what it sends, and what it makes of answers that come late or not at all.

What all backends have in common is in test_contract.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reelbrush.compute import azureml_v2, v2_sdk, v2_upload
from reelbrush.compute.azureml_v2 import AzureMLV2Compute
from reelbrush.compute.port import EVICTED, RunRequest
from reelbrush.errors import ComputeError
from reelbrush.job import BatchState
from reelbrush.settings import Settings
from tests.conftest import ROOT
from tests.fakes.azureml import texts
from tests.fakes.azureml.stand_in import StandIn

STORE = "https://account.blob.core.windows.net"
IDENTITY = "5c0417a6-0000-4000-8000-000000000001"

# what a node runs: the run id says what to do
PROGRAM = """
import os, sys, time
run = sys.argv[sys.argv.index("--run") + 1]
print("process", os.environ.get("OMPI_COMM_WORLD_RANK", "0"), "of", run, flush=True)
if "fail" in run:
    sys.exit("no such model")
if "sleep" in run:
    time.sleep(60)
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "scoring").mkdir(parents=True)
    (folder / "scoring" / "__main__.py").write_text(PROGRAM)
    (folder / "scoring" / "__init__.py").touch()
    (folder / "local.settings.json").write_text('{"secret": "of the app"}')
    (folder / ".amlignore").write_text("/*\n!/scoring\n")
    return folder


@pytest.fixture
def settings(azure_ml: StandIn) -> Settings:
    return Settings(
        store=STORE, backend="azureml-v2", workspace=azure_ml.workspace_id, image="registry/scoring:1"
    )


@pytest.fixture
def compute(
    azure_ml: StandIn, settings: Settings, app: Path, monkeypatch: pytest.MonkeyPatch
) -> AzureMLV2Compute:
    azure_ml.visit(monkeypatch)
    monkeypatch.setattr(v2_sdk, "PAUSE", 0.2)
    monkeypatch.setattr(v2_upload, "_PAUSE", 0.1)
    return AzureMLV2Compute(settings, azure_ml.credential(), app)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is waited for half a second; on a busy machine one may then be asked for twice."""
    monkeypatch.setattr(v2_sdk, "READ", 0.5)


def body_of(azure_ml: StandIn, run: str) -> dict[str, Any]:
    return azure_ml.run(run).body["properties"]


# ---- what is sent -----------------------------------------------------------------------------------------


def test_a_run_is_a_command_job(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute, capfd: Any
) -> None:
    azure_ml.simulate()
    own = replace(settings, scoring_identity=IDENTITY, run_seconds=1800)
    AzureMLV2Compute(own, azure_ml.credential(), app).submit(RunRequest("clip-1", "clip-1-b0-a1"))
    body = body_of(azure_ml, "clip-1-b0-a1")
    assert body["command"] == (
        f"python -m scoring --store {STORE} --job clip-1 --run clip-1-b0-a1 --styles store:"
    )
    assert body["jobType"] == "Command" and body["experimentName"] == "reelbrush"
    assert body["computeId"] == f"{azure_ml.workspace_id}/computes/gpu-cluster"
    assert body["environmentId"].startswith(
        f"{azure_ml.workspace_id}/environments/reelbrush-scoring/versions/"
    )
    assert body["limits"] == {"jobLimitsType": "Command", "timeout": "PT30M"}
    assert body["identity"] == {"identityType": "Managed", "clientId": IDENTITY}
    assert body["environmentVariables"]["AZURE_CLIENT_ID"] == IDENTITY
    assert body["tags"] == {"job": "clip-1"}
    assert body["resources"]["instanceCount"] == 1 and not body.get("distribution")
    assert not azure_ml.invalid and not azure_ml.refused_hosts()
    assert capfd.readouterr().out == ""


def test_mpi_when_a_run_has_several_processes(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute
) -> None:
    azure_ml.simulate()
    own = AzureMLV2Compute(replace(settings, processes=4), azure_ml.credential(), app)
    own.submit(RunRequest("clip-1", "clip-1-b0-a1", nodes=2))
    body = body_of(azure_ml, "clip-1-b0-a1")
    assert body["resources"]["instanceCount"] == 2
    assert body["distribution"] == {"distributionType": "Mpi", "processCountPerInstance": 4}
    assert not azure_ml.invalid


def test_a_batch_that_was_evicted_often_goes_to_the_dedicated_cluster(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute
) -> None:
    azure_ml.simulate()
    own = AzureMLV2Compute(replace(settings, dedicated_cluster="gpu-dedicated"), azure_ml.credential(), app)
    for evictions in (1, 2):
        own.submit(RunRequest("clip-1", f"clip-1-b0-a{evictions}", evictions=evictions))
    assert [run.cluster for run in azure_ml.runs()] == ["gpu-cluster", "gpu-dedicated"]


def test_sixteen_threads_upload_the_code_once(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute
) -> None:
    azure_ml.simulate()
    requests = [RunRequest("clip-1", f"clip-1-b{batch}-a1") for batch in range(32)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(compute.submit, requests))
    assert len(azure_ml.runs()) == 32
    files = [call for call in azure_ml.calls("blob") if call.method == "PUT" and not call.query.get("comp")]
    # looked for, begun and registered once; on a busy machine one of its files may be sent twice
    assert [call.method for call in azure_ml.calls("upload")] == ["GET", "POST", "PUT"]
    assert {call.path.rpartition("/")[2] for call in files} == {"__init__.py", "__main__.py"}
    assert [call.method for call in azure_ml.calls("environment")] == ["GET", "PUT"]
    assert len(azure_ml.calls("submit")) == 32

    azure_ml.forget_calls()  # another process of the app finds all of it
    other = AzureMLV2Compute(settings, azure_ml.credential(), app)
    other.submit(RunRequest("clip-2", "clip-2-b0-a1"))
    assert not [call for call in azure_ml.calls() if call.method == "PUT" and call.operation != "submit"]
    one, two = body_of(azure_ml, "clip-1-b0-a1"), body_of(azure_ml, "clip-2-b0-a1")
    assert one["codeId"] == two["codeId"] and one["environmentId"] == two["environmentId"]


def test_an_environment_without_an_image_is_built_from_its_context(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute
) -> None:
    azure_ml.simulate()
    own = AzureMLV2Compute(replace(settings, image=""), azure_ml.credential(), app)
    own.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    (put,) = [call for call in azure_ml.calls("environment") if call.method == "PUT"]
    assert put.body["properties"]["build"]["contextUri"].startswith("https://standinstore.blob.core")
    uploaded = {call.path.rpartition("/")[2] for call in azure_ml.calls("blob") if call.method == "PUT"}
    assert {"Dockerfile", "requirements.txt"} <= uploaded
    assert not azure_ml.invalid


# ---- answers that do not come -----------------------------------------------------------------------------


def test_a_known_run_is_left_alone(azure_ml: StandIn, compute: AzureMLV2Compute) -> None:
    azure_ml.simulate(5)
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    azure_ml.forget_calls()
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    assert [call.operation for call in azure_ml.calls()] == ["run"]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "answers",
    [
        ("503", "503"),
        ("429",),
        ("hang",),
        ("lost",),
        ("lost", "409"),
        ("lost", "bad-request"),  # what the service answers to a job of a known name
    ],
)
def test_a_submission_survives(
    azure_ml: StandIn, compute: AzureMLV2Compute, answers: tuple[str, ...]
) -> None:
    azure_ml.simulate()
    compute.submit(RunRequest("clip-0", "clip-0-b0-a1"))  # imports the SDK and uploads the code
    azure_ml.scenario(only="submit", answers=answers)
    began = time.monotonic()
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    assert time.monotonic() - began < 20
    azure_ml.wait_ended()
    assert azure_ml.run("clip-1-b0-a1").starts == 1
    assert len(azure_ml.runs()) == 2


@pytest.mark.parametrize("operation", ["upload", "environment", "blob", "run"])
def test_the_first_submission_survives_lost_answers_on_its_way(
    azure_ml: StandIn, compute: AzureMLV2Compute, operation: str
) -> None:
    azure_ml.simulate()
    azure_ml.scenario(only=operation, answers=("lost", "ok", "503"))
    try:
        compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    except ComputeError as error:
        assert error.retryable
        compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    azure_ml.wait_ended()
    assert [run.starts for run in azure_ml.runs()] == [1]
    assert not azure_ml.invalid


def test_a_service_that_never_answers_is_given_up(
    azure_ml: StandIn, compute: AzureMLV2Compute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azureml_v2, "SUBMIT", 1.2)
    monkeypatch.setattr(azureml_v2, "ASK", 1.2)
    monkeypatch.setattr(azureml_v2, "STOP", 1.2)
    compute.status("clip-1", [])
    azure_ml.scenario(chances={"hang": 1.0})
    calls = [
        lambda: compute.submit(RunRequest("clip-1", "clip-1-b0-a1")),
        lambda: compute.status("clip-1", ["clip-1-b0-a1"]),
        lambda: compute.cancel("clip-1"),
        lambda: compute.log_tail("clip-1-b0-a1"),
    ]
    for call in calls:
        began = time.monotonic()
        with pytest.raises(ComputeError) as told:
            call()
        assert (told.value.code, told.value.retryable) == ("unavailable", True)
        assert time.monotonic() - began < 20


@pytest.mark.usefixtures("hasty")
def test_an_upload_that_is_never_answered_is_given_up(azure_ml: StandIn, compute: AzureMLV2Compute) -> None:
    azure_ml.scenario(only="blob", chances={"hang": 1.0})
    began = time.monotonic()
    with pytest.raises(ComputeError) as told:
        compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    assert time.monotonic() - began < 25  # three tries of half a second, after the import of the SDK
    assert told.value.retryable and "sig=" not in str(told.value)


@pytest.mark.timeout(60)
def test_a_file_that_cannot_be_uploaded_is_told(azure_ml: StandIn, compute: AzureMLV2Compute) -> None:
    azure_ml.scenario(only="blob", answers=("ok", "ok", *["503"] * 20))  # what is there is looked at first
    with pytest.raises(ComputeError) as told:
        compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    assert told.value.retryable and not azure_ml.runs()
    azure_ml.scenario()
    azure_ml.simulate()
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    assert len(azure_ml.runs()) == 1


def test_a_service_that_asks_for_minutes_is_not_waited_for(
    azure_ml: StandIn, compute: AzureMLV2Compute, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute.status("clip-1", ["clip-1-b0-a1"])
    answers = texts._REFUSALS  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setitem(answers, "429", (429, "TooManyRequests", "Too many.", {"Retry-After": "60"}))
    azure_ml.scenario(chances={"429": 1.0})
    began = time.monotonic()
    with pytest.raises(ComputeError) as told:
        compute.status("clip-1", ["clip-1-b0-a1"])
    assert time.monotonic() - began < 25
    assert told.value.code == "throttled" and told.value.retryable


# ---- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        ("quota", "quota", False),
        ("no-compute", "cluster-missing", False),
        ("403", "forbidden", False),
        ("401", "forbidden", False),
        ("bad-request", "compute", False),
    ],
)
def test_a_refused_submission_says_why(
    azure_ml: StandIn, compute: AzureMLV2Compute, fault: str, code: str, retryable: bool
) -> None:
    azure_ml.scenario(only="submit", answers=(fault,) * 3)
    with pytest.raises(ComputeError) as told:
        compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    assert (told.value.code, told.value.retryable) == (code, retryable)
    assert told.value.advice and not azure_ml.runs()


def test_a_cluster_that_is_not_there(azure_ml: StandIn, compute: AzureMLV2Compute) -> None:
    azure_ml.remove_cluster("gpu-cluster")
    with pytest.raises(ComputeError) as told:
        compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    assert told.value.code == "cluster-missing"


def test_a_workspace_that_is_not_there(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute
) -> None:
    other = replace(settings, workspace=azure_ml.workspace_id.replace("/ws", "/gone"))
    gone = AzureMLV2Compute(other, azure_ml.credential(), app)
    for call in (
        lambda: gone.submit(RunRequest("clip-1", "clip-1-b0-a1")),
        lambda: gone.status("clip-1", ["clip-1-b0-a1"]),
        lambda: gone.cancel("clip-1"),
    ):
        with pytest.raises(ComputeError) as told:
            call()
        assert told.value.code == "workspace-missing"


def test_an_identity_that_cannot_sign_in(azure_ml: StandIn, settings: Settings, app: Path) -> None:
    class Nobody:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            from azure.core.exceptions import ClientAuthenticationError

            raise ClientAuthenticationError("ManagedIdentityCredential authentication unavailable")

    with pytest.raises(ComputeError) as told:
        AzureMLV2Compute(settings, Nobody(), app).status("clip-1", ["clip-1-b0-a1"])
    assert told.value.code == "sign-in"


# ---- what became of runs ----------------------------------------------------------------------------------


def test_one_query_tells_of_all_runs(azure_ml: StandIn, compute: AzureMLV2Compute) -> None:
    azure_ml.simulate(30)
    azure_ml.scenario(page_size=500)
    runs = [f"clip-1-b{batch}-a1" for batch in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(compute.submit, [RunRequest("clip-1", run) for run in runs]))
    compute.submit(RunRequest("clip-10", "clip-10-b0-a1"))  # of another job
    azure_ml.forget_calls()
    found = compute.status("clip-1", runs)
    assert [call.operation for call in azure_ml.calls()] == ["runs"]
    assert list(found) == runs
    states = [status.state for status in found.values()]
    assert states.count(BatchState.RUNNING) == 4  # nodes of the cluster
    assert states.count(BatchState.QUEUED) == 36
    compute.cancel("clip-1")
    assert azure_ml.run("clip-10-b0-a1").status in ("Running", "Queued")
    compute.cancel("clip-10")


def test_a_service_that_does_not_know_the_tag_costs_calls_and_no_truth(
    azure_ml: StandIn, compute: AzureMLV2Compute
) -> None:
    azure_ml.simulate()
    runs = [f"clip-1-b{batch}-a1" for batch in range(3)]
    for run in runs:
        compute.submit(RunRequest("clip-1", run))
    azure_ml.wait_ended()
    for run in azure_ml.service.runs.values():
        run.tags.clear()
    found = compute.status("clip-1", [*runs, "clip-1-b9-a1"])
    assert {run: status.state for run, status in found.items()} == dict.fromkeys(runs, BatchState.DONE)


@pytest.mark.parametrize("face", ["failed", "canceled"])
def test_a_lost_node_is_an_eviction(azure_ml: StandIn, compute: AzureMLV2Compute, face: str) -> None:
    azure_ml.simulate(5)
    azure_ml.scenario(evict=face, evict_after=0.05)
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    azure_ml.wait_ended()
    status = compute.status("clip-1", ["clip-1-b0-a1"])["clip-1-b0-a1"]
    assert (status.state, status.code, status.retryable) == (BatchState.CANCELED, EVICTED, True)


def test_a_run_that_the_service_queues_again_is_waited_for(
    azure_ml: StandIn, compute: AzureMLV2Compute
) -> None:
    azure_ml.simulate(0.5)
    azure_ml.scenario(evict="requeue", evict_after=0.05, node_seconds=0.4)
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    azure_ml.wait(lambda: azure_ml.run("clip-1-b0-a1").evictions == 1)
    state = compute.status("clip-1", ["clip-1-b0-a1"])["clip-1-b0-a1"].state
    assert state in (BatchState.QUEUED, BatchState.RUNNING)
    azure_ml.wait_ended()
    assert compute.status("clip-1", ["clip-1-b0-a1"])["clip-1-b0-a1"].state is BatchState.DONE


def test_a_run_over_its_time(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute
) -> None:
    azure_ml.simulate(30)
    own = AzureMLV2Compute(replace(settings, run_seconds=1), azure_ml.credential(), app)
    own.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    azure_ml.wait_ended()
    status = own.status("clip-1", ["clip-1-b0-a1"])["clip-1-b0-a1"]
    assert (status.state, status.code, status.retryable) == (BatchState.FAILED, "run-timeout", True)


def test_an_image_that_cannot_be_pulled(azure_ml: StandIn, compute: AzureMLV2Compute) -> None:
    azure_ml.scenario(image_fails=True)
    compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
    azure_ml.wait_ended()
    status = compute.status("clip-1", ["clip-1-b0-a1"])["clip-1-b0-a1"]
    assert (status.state, status.code, status.retryable) == (BatchState.FAILED, "image", False)
    assert "registry/scoring:1" in (status.error or "")


def test_logs_and_a_program_that_fails(
    azure_ml: StandIn, settings: Settings, app: Path, compute: AzureMLV2Compute
) -> None:
    spread = AzureMLV2Compute(replace(settings, processes=2), azure_ml.credential(), app)
    compute.submit(RunRequest("clip-1", "clip-1-fail-b0-a1"))
    spread.submit(RunRequest("clip-1", "clip-1-b1-a1"))
    azure_ml.wait_ended()
    status = compute.status("clip-1", ["clip-1-fail-b0-a1"])["clip-1-fail-b0-a1"]
    assert (status.state, status.code, status.retryable) == (BatchState.FAILED, "run-failed", True)
    log = compute.log_tail("clip-1-fail-b0-a1")
    assert log.splitlines() == ["process 0 of clip-1-fail-b0-a1", "no such model"]
    assert compute.log_tail("clip-1-fail-b0-a1", lines=1) == "no such model"
    both = compute.log_tail("clip-1-b1-a1")
    assert "process 0 of" in both and "process 1 of" in both
    assert compute.log_tail("clip-1-b2-a1") == ""
    assert {path.name for path in snapshot_of(azure_ml, "clip-1-b1-a1")} >= {"scoring"}
    assert "local.settings.json" not in {path.name for path in snapshot_of(azure_ml, "clip-1-b1-a1")}


def snapshot_of(azure_ml: StandIn, run: str) -> list[Path]:
    """What lay in the folder in which the run was executed."""
    folders = [path.parent for path in azure_ml._folder.rglob("scoring") if run in str(path)]  # pyright: ignore[reportPrivateUsage]
    assert folders
    return list(folders[0].iterdir())


def test_cancel_leaves_no_run_alive_and_waits_for_none(azure_ml: StandIn, compute: AzureMLV2Compute) -> None:
    azure_ml.cluster("gpu-cluster").maximum = 2
    runs = [f"clip-1-sleep-b{batch}-a1" for batch in range(4)]
    for run in runs:
        compute.submit(RunRequest("clip-1", run))
    azure_ml.wait(lambda: [run.status for run in azure_ml.runs()].count("Running") == 2)
    azure_ml.wait(lambda: len(azure_ml.alive()) == 2)
    azure_ml.service.runs[runs[0]].tags.clear()  # only its id tells that it is the job's
    compute.cancel("clip-1", [runs[0], "clip-1-b77-a1"])
    assert {call.method for call in azure_ml.calls("cancel")} == {"POST"}  # nobody asks whether it is done
    azure_ml.wait_ended()
    assert [run.status for run in azure_ml.runs()] == ["Canceled"] * 4
    assert not azure_ml.alive()
    compute.cancel("clip-1", runs)  # again, of runs that ended


# ---- the process ------------------------------------------------------------------------------------------


def test_construction_is_cheap_and_a_server_needs_no_home(
    azure_ml: StandIn, settings: Settings, app: Path
) -> None:
    azure_ml.simulate()
    program = f"""
import json, sys, time
from pathlib import Path
from reelbrush.compute.azureml_v2 import AzureMLV2Compute
from reelbrush.compute.port import RunRequest
from reelbrush.settings import Settings
settings = Settings(store="x", backend="azureml-v2", workspace={azure_ml.workspace_id!r}, image="i:1")
compute = AzureMLV2Compute(settings, code=Path({str(app)!r}))
slow = [name for name in ("azure.ai.ml", "azure.identity", "azureml", "requests") if name in sys.modules]
compute.submit(RunRequest("clip-1", "clip-1-b0-a1"))
print(json.dumps(slow))
"""
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    environment |= {name: value for name, value in azure_ml.environment.items() if name != "HOME"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == []
    assert "experimental" not in done.stderr and "Activity" not in done.stderr
    assert [run.id for run in azure_ml.runs()] == ["clip-1-b0-a1"]
    assert not azure_ml.refused_hosts()
