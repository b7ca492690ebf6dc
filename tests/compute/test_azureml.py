"""The backend on azureml-core against the stand-in service: the SDK is the real one, unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reelbrush.compute import EVICTED, RunRequest, RunStatus, open_compute, timeouts
from reelbrush.compute.azureml import AzureMLCompute
from reelbrush.errors import ComputeError, SettingsError
from reelbrush.job import BatchState
from tests.compute.stub import IMAGE, request, settings_for, stub_code
from tests.conftest import ROOT
from tests.fakes.azureml.stand_in import StandIn

Make = Callable[..., AzureMLCompute]
SETTINGS = ("STORE", "BACKEND", "WORKSPACE", "IMAGE")
HEAVY = ["azureml", "azure.ai.ml", "av", "numpy"]


@pytest.fixture
def make(azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """Make backends that submit the stub; nothing may leave the machine."""
    azure_ml.visit(monkeypatch)
    code = stub_code(tmp_path / "code")

    def made(**settings: object) -> AzureMLCompute:
        return AzureMLCompute(settings_for(azure_ml, **settings), code=code)

    return made


@pytest.fixture(autouse=True)
def nothing_leaks(azure_ml: StandIn) -> Any:
    yield
    assert azure_ml.refused_hosts() == []


@pytest.fixture
def simulated(azure_ml: StandIn) -> None:
    """Runs take a moment and execute nothing."""
    azure_ml.simulate(0.05)


def ended(azure_ml: StandIn, backend: AzureMLCompute, wanted: RunRequest) -> RunStatus:
    azure_ml.wait_ended()
    return backend.status(wanted.job, [wanted.run])[wanted.run]


def refused(backend: AzureMLCompute, wanted: RunRequest) -> ComputeError:
    with pytest.raises(ComputeError) as caught:
        backend.submit(wanted)
    assert caught.value.__cause__ is None  # whose text could hold signed addresses
    return caught.value


def test_what_is_submitted(azure_ml: StandIn, make: Make) -> None:
    run = request("good")
    make(scoring_identity="1234", run_seconds=777, threads=2).submit(run)
    azure_ml.wait_ended()
    seen = azure_ml.run(run.run)
    assert seen.status == "Completed" and seen.cluster == "gpu-cluster" and seen.tags == {"job": "job"}
    assert seen.environment["AZURE_CLIENT_ID"] == "1234" and seen.environment["PYTHONUNBUFFERED"] == "1"
    assert seen.command[-1].startswith(
        "python -m scoring --store https://videos.blob.core.windows.net --job job"
    )
    assert seen.command[-1].endswith("--styles store: --threads 2")
    wire = seen.body["Configuration"]
    assert wire["maxRunDurationSeconds"] == 777 and wire["docker"]["useDocker"] is True
    assert wire["environment"]["docker"]["baseImage"] == IMAGE
    assert wire["environment"]["environmentVariables"] == {}  # it is shared by all runs
    assert wire["data"] == {} and wire["dataReferences"] == {}
    assert "azureml.git" not in json.dumps(azure_ml.service.runs[run.run].properties)
    secrets = ("Bearer", "eyJ", "AccountKey", "sig=")
    assert not any(secret in json.dumps(seen.body) for secret in secrets)


@pytest.mark.usefixtures("simulated")
def test_the_image_is_described_without_files(azure_ml: StandIn, make: Make) -> None:
    backend = make(image="")
    backend.submit(request("good"))
    made = [call for call in azure_ml.calls("environment") if call.method == "PUT"]
    text = made[0].body["Docker"]["baseDockerfile"]
    assert "onnxruntime-gpu==" in text and "COPY requirements" not in text and text.count("FROM") == 2
    azure_ml.forget_calls()
    make(image="").submit(request("second"))
    assert [call.method for call in azure_ml.calls("environment")] == ["GET"]  # registered once per version


@pytest.mark.usefixtures("simulated")
def test_an_environment_that_somebody_else_registered_meanwhile_is_taken(
    azure_ml: StandIn, make: Make
) -> None:
    azure_ml.scenario(only="environment", answers=("ok", *("lost",) * 8))  # each lost answer had its effect
    with pytest.raises(ComputeError):
        make().submit(request("good"))
    azure_ml.service.environments.clear()
    azure_ml.scenario(only="environment", answers=("ok", *("lost",) * tries_of_registering(azure_ml)))
    make().submit(request("good"))


def tries_of_registering(azure_ml: StandIn) -> int:
    return sum(call.method == "PUT" for call in azure_ml.calls("environment"))


@pytest.mark.usefixtures("simulated")
def test_sixteen_threads_make_one_snapshot(azure_ml: StandIn, make: Make) -> None:
    backend, here = make(), Path.cwd()
    runs = [request(f"{index:02d}") for index in range(24)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(backend.submit, runs))
    snapshots = [
        call for call in azure_ml.calls("upload") if "/v2.0/" in call.path and "getblob" not in call.path
    ]
    assert len(snapshots) == 1
    assert Path.cwd() == here  # the SDK changes it for every submission
    azure_ml.wait_ended()
    azure_ml.forget_calls()
    statuses = backend.status("job", [run.run for run in runs])
    assert {status.state for status in statuses.values()} == {BatchState.DONE} and len(statuses) == 24
    assert [call.operation for call in azure_ml.calls()] == ["runs"]


@pytest.mark.usefixtures("simulated")
def test_many_runs_are_asked_for_in_pages(azure_ml: StandIn, make: Make) -> None:
    backend = make()
    runs = [request(f"{index:02d}") for index in range(7)]
    for run in runs:
        backend.submit(run)
    backend.submit(request("alien", job="other"))
    azure_ml.scenario(page_size=3)
    azure_ml.forget_calls()
    assert set(backend.status("job", [run.run for run in runs])) == {run.run for run in runs}
    assert len(azure_ml.calls("runs")) == 3


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("answers", [("503", "503"), ("429",), ("500", "502"), ("lost",)])
def test_a_call_that_fails_in_passing_is_made_again(
    azure_ml: StandIn, make: Make, answers: tuple[str, ...]
) -> None:
    backend, run = make(), request("good")
    backend.submit(request("warm"))
    azure_ml.scenario(answers=answers, only="submit")
    begun = time.monotonic()
    try:
        backend.submit(run)
    except ComputeError as error:
        assert error.retryable and error.code in ("unavailable", "throttled")
        backend.submit(run)  # as the orchestration does
    assert time.monotonic() - begun < 25  # the SDK alone would take half a minute
    assert [seen.id for seen in azure_ml.runs()].count(run.run) == 1
    assert azure_ml.run(run.run).tags == {"job": "job"}
    assert ended(azure_ml, backend, run).state is BatchState.DONE


@pytest.mark.usefixtures("simulated")
def test_a_service_that_answers_503_for_ever_is_told(azure_ml: StandIn, make: Make) -> None:
    backend = make()
    backend.submit(request("warm"))
    azure_ml.scenario(chances={"503": 1.0})
    begun = time.monotonic()
    for call in (
        lambda: backend.submit(request("good")),
        lambda: backend.status("job", ["x"]),
        lambda: backend.cancel("job"),
    ):
        with pytest.raises(ComputeError) as caught:
            call()
        assert caught.value.code == "unavailable" and caught.value.retryable
    assert time.monotonic() - begun < 60  # the SDK alone would take minutes


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("only", ["submit", "runs", "run", "tags"])
def test_a_call_that_is_never_answered_ends(
    azure_ml: StandIn, make: Make, monkeypatch: pytest.MonkeyPatch, only: str
) -> None:
    backend, run = make(), request("good")
    backend.submit(request("warm"))
    monkeypatch.setattr(timeouts, "READ", 0.5)
    azure_ml.scenario(chances={"hang": 1.0}, only=only)
    begun = time.monotonic()
    if only == "tags":  # the run itself was started
        backend.submit(run)
    else:
        with pytest.raises(ComputeError) as caught:
            backend.status("job", [run.run]) if only == "runs" else backend.submit(run)
        assert caught.value.code == "unavailable" and caught.value.retryable
    assert time.monotonic() - begun < 25
    azure_ml.scenario()
    backend.submit(run)
    assert azure_ml.run(run.run).tags == {"job": "job"}


@pytest.mark.usefixtures("simulated")
def test_a_time_limit_holds_for_the_whole_call(
    azure_ml: StandIn, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = make()
    backend.submit(request("warm"))
    monkeypatch.setattr("reelbrush.compute.azureml.ASK", 1.0)
    azure_ml.scenario(chances={"hang": 1.0})
    begun = time.monotonic()
    with pytest.raises(ComputeError) as caught:
        backend.status("job", ["x"])
    assert caught.value.code == "unavailable" and time.monotonic() - begun < 25


@pytest.mark.usefixtures("simulated")
def test_a_run_without_its_tag_is_found_and_tagged(azure_ml: StandIn, make: Make) -> None:
    backend, run = make(), request("good")
    backend.submit(run)
    azure_ml.service.runs[run.run].tags.clear()
    assert backend.status("job", [run.run, "never"]).keys() == {run.run}
    assert azure_ml.run(run.run).tags == {"job": "job"}
    azure_ml.service.runs[run.run].tags.clear()
    backend.submit(run)
    assert azure_ml.run(run.run).tags == {"job": "job"} and len(azure_ml.runs()) == 1


@pytest.mark.usefixtures("simulated")
def test_the_same_run_submitted_at_the_same_time_is_one(azure_ml: StandIn, make: Make) -> None:
    backends, run = [make(), make()], request("good")
    backends[0].submit(request("warm"))
    with ThreadPoolExecutor(8) as pool:
        for waiting in [pool.submit(backends[index % 2].submit, run) for index in range(8)]:
            waiting.result()
    assert [seen.id for seen in azure_ml.runs()].count(run.run) == 1


@pytest.mark.parametrize(
    ("answer", "code"), [("quota", "quota"), ("403", "forbidden"), ("no-compute", "cluster-missing")]
)
def test_refusals_are_final_and_say_what_to_do(azure_ml: StandIn, make: Make, answer: str, code: str) -> None:
    azure_ml.scenario(chances={answer: 1.0}, only="submit")
    error = refused(make(), request("good"))
    assert (error.code, error.retryable) == (code, False)
    assert error.advice and azure_ml.runs() == []


def test_a_cluster_that_is_not_there(azure_ml: StandIn, make: Make) -> None:
    error = refused(make(cluster="no-such"), request("good"))
    assert (error.code, error.retryable) == ("cluster-missing", False)


def test_a_workspace_that_is_not_there(azure_ml: StandIn, make: Make) -> None:
    elsewhere = azure_ml.workspace_id.replace("workspaces/ws", "workspaces/other")
    error = refused(make(workspace=elsewhere), request("good"))
    assert (error.code, error.retryable) == ("workspace-missing", False)
    other = azure_ml.workspace_id.replace("000000000001", "000000000002")
    assert refused(make(workspace=other), request("good")).code == "workspace-missing"


def test_an_app_that_may_not_sign_in(azure_ml: StandIn, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    monkeypatch.setenv("PATH", "/nonexistent")  # no az, no azd
    error = refused(make(), request("good"))
    assert (error.code, error.retryable) == ("sign-in", True)


def test_a_node_that_is_taken_away_and_comes_back(azure_ml: StandIn, make: Make) -> None:
    backend, run = make(), request("sleep")
    backend.submit(run)
    azure_ml.wait(lambda: azure_ml.run(run.run).status == "Running")
    assert backend.status("job", [run.run])[run.run].state is BatchState.RUNNING
    azure_ml.scenario(node_seconds=30)
    azure_ml.evict(run.run, "requeue")
    azure_ml.wait(lambda: azure_ml.run(run.run).status == "Queued")
    assert backend.status("job", [run.run])[run.run] == RunStatus(run.run, BatchState.QUEUED)
    backend.cancel("job")
    azure_ml.wait_ended()


@pytest.mark.parametrize("face", ["failed", "canceled"])
def test_a_node_that_is_taken_away_with_its_run(azure_ml: StandIn, make: Make, face: str) -> None:
    backend, run = make(), request("sleep")
    azure_ml.scenario(evict=face, evict_after=0.2)
    backend.submit(run)
    seen = ended(azure_ml, backend, run)
    assert (seen.state, seen.code, seen.retryable) == (BatchState.CANCELED, EVICTED, True)


def test_evictions_lead_to_the_dedicated_cluster(azure_ml: StandIn, make: Make) -> None:
    azure_ml.simulate(0.05)
    backend = make(dedicated_cluster="gpu-dedicated", evictions=2)
    for evictions, cluster in ((0, "gpu-cluster"), (1, "gpu-cluster"), (2, "gpu-dedicated")):
        run = request(f"e{evictions}", evictions=evictions)
        backend.submit(run)
        assert azure_ml.run(run.run).cluster == cluster


def test_a_run_that_takes_too_long(azure_ml: StandIn, make: Make) -> None:
    backend, run = make(run_seconds=1), request("sleep")
    backend.submit(run)
    seen = ended(azure_ml, backend, run)
    assert (seen.state, seen.code, seen.retryable) == (BatchState.FAILED, "run-timeout", True)


def test_an_image_that_cannot_be_pulled(azure_ml: StandIn, make: Make) -> None:
    backend, run = make(), request("good")
    azure_ml.scenario(image_fails=True)
    backend.submit(run)
    seen = ended(azure_ml, backend, run)
    assert (seen.state, seen.code, seen.retryable) == (BatchState.FAILED, "image", False)
    assert seen.error is not None and IMAGE in seen.error


def test_a_broken_node_and_a_run_that_fails(azure_ml: StandIn, make: Make) -> None:
    backend, run, other = make(), request("fail"), request("sleep")
    backend.submit(run)
    seen = ended(azure_ml, backend, run)
    assert (seen.state, seen.code, seen.retryable) == (BatchState.FAILED, "run-failed", True)
    assert "no such model" in (seen.error or "")
    azure_ml.scenario(node_fails=True)
    backend.submit(other)
    seen = ended(azure_ml, backend, other)
    assert (seen.state, seen.retryable) == (BatchState.FAILED, True)


def test_cancel_leaves_no_run_alive(azure_ml: StandIn, make: Make) -> None:
    backend = make()
    azure_ml.cluster("gpu-cluster").maximum = 2
    runs = [request(f"sleep{index}") for index in range(4)]
    for run in runs:
        backend.submit(run)
    backend.submit(request("sleep", job="other"))
    azure_ml.wait(lambda: sum(run.status == "Running" for run in azure_ml.runs()) == 2)
    azure_ml.service.runs[runs[0].run].tags.clear()
    azure_ml.service.runs[runs[3].run].tags.clear()
    backend.cancel("job", [run.run for run in runs] + ["never-submitted"])
    azure_ml.wait(lambda: all(azure_ml.run(run.run).status == "Canceled" for run in runs))
    assert [run for run, _ in azure_ml.alive() if run.startswith("job-")] == []
    assert azure_ml.run("other-sleep-a1").status in ("Queued", "Preparing", "Running")
    assert backend.status("job", [runs[1].run])[runs[1].run].state is BatchState.CANCELED
    backend.cancel("job")
    backend.cancel("other")
    azure_ml.wait_ended()
    ticking = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert ticking == [], "the SDK's own threads would go on for as long as the app lives"


@pytest.mark.usefixtures("simulated")
def test_a_cancellation_that_was_not_heard_is_told(azure_ml: StandIn, make: Make) -> None:
    backend, run = make(), request("good")
    azure_ml.simulate(60)
    backend.submit(run)
    azure_ml.scenario(chances={"403": 1.0}, only="cancel")
    with pytest.raises(ComputeError):
        backend.cancel("job")
    azure_ml.scenario()
    backend.cancel("job")
    azure_ml.wait_ended()


def test_logs_of_all_processes_end_here(azure_ml: StandIn, make: Make) -> None:
    backend, run = make(processes=2, run_nodes=2), request("talk")
    backend.submit(run)
    azure_ml.wait_ended()
    seen = azure_ml.run(run.run)
    assert (seen.nodes, seen.processes, seen.body["Configuration"]["communicator"]) == (2, 2, "IntelMpi")
    azure_ml.forget_calls()
    lines = backend.log_tail(run.run, 4).splitlines()
    assert lines == [f"std_log_process_{rank:02d}.txt: the end" for rank in range(4)]
    assert backend.log_tail("never") == ""
    single = request("talk", job="other")
    make().submit(single)
    azure_ml.wait_ended()
    assert make().log_tail(single.run, 1) == "the end"


def test_text_of_errors_shows_no_signatures(
    azure_ml: StandIn, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "READ", 0.5)
    azure_ml.scenario(chances={"hang": 1.0}, only="blob")
    error = refused(make(), request("good"))
    assert "sig=" not in str(error) and error.retryable


SERVERLESS = """
import os, sys, tempfile
from reelbrush.compute import RunRequest, open_compute
from reelbrush.settings import Settings
assert "azureml" not in sys.modules
open_compute(Settings.from_env()).submit(RunRequest("job", "job-b0-a1"))
print(os.environ["HOME"])
"""


@pytest.mark.parametrize("home", ["", "/proc/nowhere"])
def test_an_app_without_a_home(azure_ml: StandIn, tmp_path: Path, home: str) -> None:
    azure_ml.simulate(0.05)
    variables = {name: value for name, value in azure_ml.environment.items() if name != "HOME"}
    variables |= {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)} | ({"HOME": home} if home else {})
    wanted = settings_for(azure_ml)
    variables |= {f"REELBRUSH_{name}": getattr(wanted, name.lower()) for name in SETTINGS}
    program = [sys.executable, "-W", "ignore", "-c", SERVERLESS]
    done = subprocess.run(program, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == f"{tmp_path / f'reelbrush-{os.getuid()}' / 'home'}\n"
    assert [run.status for run in azure_ml.runs()] != []
    # what went along is the product's own snapshot, and nothing else of this folder
    files = {blob.path.rsplit("/scoring/", 1)[-1] for blob in azure_ml.calls("blob") if blob.method == "PUT"}
    assert {"__main__.py", "command.py"} <= files
    assert not any(
        word in blob.path for blob in azure_ml.calls("blob") for word in (".venv", "/tests/", ".onnx")
    )


@pytest.mark.parametrize("module", ["function_app", "activities.services", "reelbrush.compute"])
def test_the_app_does_not_import_the_sdks(module: str) -> None:
    program = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_folder_is_no_store_for_a_cluster(azure_ml: StandIn) -> None:
    for backend in ("azureml", "azureml-v2"):
        with pytest.raises(SettingsError, match="cannot reach"):
            open_compute(settings_for(azure_ml, backend, store="folder:/somewhere"))
