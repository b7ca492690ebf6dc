"""The real SDKs, unchanged, against the stand-in."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.azureml.stand_in import SUBSCRIPTION, StandIn

PROGRAM = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ.get("MORE"), os.environ.get("OMPI_COMM_WORLD_RANK")]))
sys.exit(3 if "bad" in sys.argv else 0)
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "__init__.py").touch()
    (folder / "work" / "__main__.py").write_text(PROGRAM)
    (folder / ".amlignore").write_text("secret.txt\n")
    (folder / "secret.txt").write_text("x")
    return folder


@pytest.fixture
def here(azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    azure_ml.visit(monkeypatch)
    yield azure_ml
    assert azure_ml.refused_hosts() == []
    assert azure_ml.invalid == []


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")
def test_azureml_core(here: StandIn, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.identity import ManagedIdentityCredential
    from azureml.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
    from azureml.core.authentication import TokenAuthentication
    from azureml.core.runconfig import DockerConfiguration, MpiConfiguration

    # a run that is canceled starts timers that would tick until the tests end
    monkeypatch.setattr("azureml._restclient.metrics_client.MetricsClient.flush", lambda *_, **__: None)
    identity = ManagedIdentityCredential()

    def token(audience: str) -> str:
        return identity.get_token("https://management.azure.com/.default").token

    workspace = Workspace(SUBSCRIPTION, "rg", "ws", auth=TokenAuthentication(token, cloud="AzureCloud"))
    experiment = Experiment(workspace, "reelbrush")
    environment: Any = Environment("scoring")
    environment.docker.base_image = "registry/scoring:1"
    environment.python.user_managed_dependencies = True
    environment.version = "abc"
    environment.register(workspace)
    environment = Environment.get(workspace, "scoring", "abc")

    def submit(run: str, *arguments: str, mpi: Any = None) -> Any:
        config = ScriptRunConfig(
            source_directory=str(code),
            command=["python", "-m", "work", *map(shlex.quote, arguments)],  # the SDK joins them by blanks
            compute_target="gpu-cluster",
            environment=environment,
            distributed_job_config=mpi,
            max_run_duration_seconds=60,
            docker_runtime_config=DockerConfiguration(use_docker=True),
        )
        config.run_config.environment_variables = {"MORE": "1"}
        return experiment.submit(config, tags={"job": "j"}, run_id=run)

    good = submit("good", "a b", "c")
    submit("bad", "bad")
    submit("mpi", mpi=MpiConfiguration(2, 2))
    here.wait_ended()
    here.scenario(page_size=2)
    runs = {run.id: run for run in Run.list(experiment, tags={"job": "j"})}
    assert {name: run.status for name, run in runs.items()} == {
        "good": "Completed",
        "bad": "Failed",
        "mpi": "Completed",
    }
    assert "status code 3" in runs["bad"].get_details()["error"]["error"]["message"]
    assert json.loads(here.logs("good")["std_log.txt"]) == [["a b", "c"], "1", None]
    assert [json.loads(log)[2] for log in here.logs("mpi").values()] == ["0", "1", "2", "3"]
    (log,) = good.get_all_logs(destination=str(code.parent / "logs"))
    assert "a b" in Path(log).read_text()
    with pytest.raises(Exception, match="already exists"):
        submit("good")
    here.simulate(60.0)
    slow = submit("slow")
    here.wait(lambda: slow.get_status() == "Running")
    here.evict("slow")
    here.wait(lambda: here.run("slow").starts == 2)
    slow.cancel()
    here.wait(lambda: slow.get_status() == "Canceled")
    uploads = [call for call in here.calls("upload") if call.path.endswith("getblob")]
    assert [call.body["FileNames"] for call in uploads] == [
        [".amlignore", "work/__init__.py", "work/__main__.py"]
    ]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")
def test_azure_ai_ml(here: StandIn, code: Path) -> None:
    from azure.ai.ml import MLClient, MpiDistribution, command
    from azure.ai.ml.entities import Environment, ManagedIdentityConfiguration
    from azure.core.exceptions import ResourceNotFoundError
    from azure.identity import DefaultAzureCredential

    client: Any = MLClient(
        DefaultAzureCredential(), SUBSCRIPTION, "rg", "ws", enable_telemetry=False, show_progress=False
    )
    client.environments.create_or_update(Environment(name="scoring", version="1", image="registry/scoring:1"))

    def submit(name: str, arguments: str = "", nodes: int = 1, mpi: Any = None) -> Any:
        job = command(
            name=name,
            code=str(code),
            command=f"python -m work {arguments}",
            environment="azureml:scoring:1",
            compute="gpu-cluster",
            experiment_name="reelbrush",
            tags={"job": "j"},
            environment_variables={"MORE": "1"},
            instance_count=nodes,
            timeout=60,
            distribution=mpi,
            identity=ManagedIdentityConfiguration(client_id="00000000-0000-0000-0000-00000000000a"),
        )
        return client.jobs.create_or_update(job)

    submit("good", "'a b' c")
    submit("bad", "bad")
    submit("mpi", nodes=2, mpi=MpiDistribution(process_count_per_instance=2))
    here.wait_ended()
    here.scenario(page_size=2)
    statuses = {job.name: str(job.status.value) for job in client.jobs.list(tag="job=j")}
    assert statuses == {"good": "Completed", "bad": "Failed", "mpi": "Completed"}
    assert json.loads(here.logs("good")["std_log.txt"]) == [["a b", "c"], "1", None]
    assert len(here.logs("mpi")) == 4
    with pytest.raises(ResourceNotFoundError):
        client.jobs.get("never")
    here.simulate(60.0)
    submit("slow")
    here.wait(lambda: client.jobs.get("slow").status.value == "Running")
    client.jobs.begin_cancel("slow")
    here.wait(lambda: client.jobs.get("slow").status.value == "Canceled")
    assert client.compute.get("gpu-cluster").size == "STANDARD_NC4AS_T4_V3"
    names = {call.path.rsplit("/", 1)[1] for call in here.calls("blob") if call.method == "PUT"}
    assert "secret.txt" not in names and "__main__.py" in names
