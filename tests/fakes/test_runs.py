"""What becomes of runs on the stand-in: executed, failed, canceled, evicted, waiting."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.azurite_account import azurite_with_identity
from tests.fakes.azureml.cluster import SCORING_CLIENT
from tests.fakes.azureml.processes import ProcessExecutor
from tests.fakes.azureml.runs import Run, Work
from tests.fakes.azureml.stand_in import StandIn
from tests.fakes.plain import DATA, Plain

TELL = """
import importlib.util, json, os, sys
print(json.dumps({
    "files": sorted(os.listdir()),
    "here": importlib.util.find_spec("reelbrush") is not None,
    "arguments": sys.argv[1:],
    "environment": dict(os.environ),
}), flush=True)
"""
SLEEP = "import time; print('at work', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def at_work(azure_ml: StandIn, run: str) -> bool:
    return any(azure_ml.logs(run).values())


def test_a_run_sees_its_code_and_nothing_of_this_machine(
    azure_ml: StandIn, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure_ml.visit(monkeypatch)
    monkeypatch.setenv("PYTHONPATH", ".")
    monkeypatch.setenv("SECRET_OF_THE_TEST", "x")
    azure_ml.node_environment["STORE"] = "of all nodes"
    plain.upload({"main.py": TELL, "deep/er.txt": "x"})
    plain.submit("one", "python main.py 'a b' c", environmentVariables={"MORE": "1"}, tags={"job": "j"})
    azure_ml.wait_ended()
    told = json.loads(azure_ml.logs("one")["std_log.txt"])
    environment = told["environment"]
    assert told["files"] == ["deep", "main.py"]
    assert not told["here"]
    assert told["arguments"] == ["a b", "c"]
    assert environment["MORE"] == "1" and environment["STORE"] == "of all nodes"
    assert environment["AZUREML_RUN_ID"] == "one"
    assert environment["DEFAULT_IDENTITY_CLIENT_ID"] == SCORING_CLIENT
    assert not {"SECRET_OF_THE_TEST", "HTTPS_PROXY", "IDENTITY_ENDPOINT"} & environment.keys()
    run = azure_ml.run("one")
    assert run.statuses == ("Preparing", "Queued", "Running", "Finalizing", "Completed")
    assert run.tags == {"job": "j"} and run.starts == 1
    address = plain.details("one")["logFiles"]["user_logs/std_log.txt"]
    tail = plain.session.get(address, headers={"Range": "bytes=-4"})
    assert (tail.status_code, tail.text) == (206, azure_ml.logs("one")["std_log.txt"][-4:])


def test_a_node_gets_tokens_of_its_identity(azure_ml: StandIn, plain: Plain) -> None:
    plain.upload(
        {
            "main.py": "import os\nfrom azure.identity import ManagedIdentityCredential as C\n"
            "c = C(client_id=os.environ['DEFAULT_IDENTITY_CLIENT_ID'])\n"
            "print(c.get_token('https://storage.azure.com/.default').token.count('.'))\n"
        }
    )
    plain.submit("one")
    azure_ml.wait_ended()
    assert azure_ml.logs("one") == {"std_log.txt": "2\n"}
    assert azure_ml.calls("token")[-1].query["resource"] == "https://storage.azure.com"


WRITE = """
import os
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient
credential = ManagedIdentityCredential(client_id=os.environ["DEFAULT_IDENTITY_CLIENT_ID"])
container = BlobServiceClient(os.environ["ACCOUNT"], credential).create_container("work")
container.upload_blob("segment", b"x")
print([blob.name for blob in container.list_blobs()])
"""


def test_a_node_reaches_a_storage_account_by_its_identity(
    azure_ml: StandIn, plain: Plain, tmp_path: Path
) -> None:
    with azurite_with_identity(tmp_path / "azurite") as account:
        certificate = str(tmp_path / "azurite" / "cert.pem")
        azure_ml.node_environment.update(ACCOUNT=account, REQUESTS_CA_BUNDLE=certificate)
        plain.upload({"main.py": WRITE})
        plain.submit("one")
        azure_ml.wait_ended()
    assert azure_ml.logs("one") == {"std_log.txt": "['segment']\n"}, azure_ml.logs("one")


def test_a_program_that_fails_fails_the_run_with_the_end_of_its_log(azure_ml: StandIn, plain: Plain) -> None:
    plain.upload({"main.py": "print('no such model'); raise SystemExit(3)"})
    plain.submit("one")
    azure_ml.wait_ended()
    error = plain.details("one")["error"]["error"]
    assert plain.status("one") == "Failed" and error["code"] == "UserError"
    assert "status code 3" in error["message"] and "no such model" in error["message"]


@pytest.mark.parametrize("program", [SLEEP, STUBBORN])
def test_cancel_leaves_no_process(azure_ml: StandIn, plain: Plain, program: str) -> None:
    azure_ml.scenario(grace_seconds=0.3)
    azure_ml.cluster("gpu-cluster").maximum = 1
    plain.upload({"main.py": program})
    plain.submit("first")
    plain.submit("second")
    azure_ml.wait(lambda: at_work(azure_ml, "first"))
    assert plain.status("second") == "Queued"
    answers = {name: plain.call("POST", f"/jobs/{name}/cancel") for name in ("second", "first")}
    assert {answer.status_code for answer in answers.values()} == {202}
    azure_ml.wait_ended()
    assert [run.status for run in azure_ml.runs()] == ["Canceled", "Canceled"]
    assert azure_ml.alive() == [] and azure_ml.run("second").starts == 0
    assert plain.call("GET", answers["first"].headers["Location"]).status_code == 200
    assert plain.call("POST", "/jobs/first/cancel").status_code == 200


def test_ranks_of_mpi(azure_ml: StandIn, plain: Plain) -> None:
    plain.upload({"main.py": TELL})
    mpi = {"distributionType": "Mpi", "processCountPerInstance": 2}
    plain.submit("one", distribution=mpi, resources={"instanceCount": 2})
    azure_ml.wait_ended()
    told = [json.loads(log)["environment"] for log in azure_ml.logs("one").values()]
    names = ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_SIZE")
    assert [[each[name] for name in names] for each in told] == [
        ["0", "0", "4"],
        ["1", "1", "4"],
        ["2", "0", "4"],
        ["3", "1", "4"],
    ]
    assert len({each["TMPDIR"] for each in told}) == 2  # one per node
    assert azure_ml.cluster("gpu-cluster").idle == 2


def test_one_failing_rank_ends_all(azure_ml: StandIn, plain: Plain) -> None:
    program = "import os, time; os.environ['OMPI_COMM_WORLD_RANK'] == '1' and os._exit(9); time.sleep(60)"
    plain.upload({"main.py": program})
    mpi = {"distributionType": "Mpi", "processCountPerInstance": 3}
    plain.submit("one", distribution=mpi)
    azure_ml.wait_ended()
    assert "std_log_process_01.txt" in azure_ml.run("one").error
    assert azure_ml.alive() == []


def test_a_run_over_its_time_is_canceled(azure_ml: StandIn, plain: Plain) -> None:
    plain.upload({"main.py": SLEEP})
    plain.submit("one", limits={"jobLimitsType": "Command", "timeout": "PT0.3S"})
    azure_ml.wait_ended()
    assert azure_ml.run("one").status == "Canceled"
    assert "maximum duration" in azure_ml.run("one").error


# A program that waits the first time and not the second, across its working folders.
ONCE = """
import os, pathlib, time
mark = pathlib.Path(os.environ["MARK"])
if not mark.exists():
    mark.touch()
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("face", "ends", "starts"),
    [("requeue", "Completed", 2), ("failed", "Failed", 1), ("canceled", "Canceled", 1)],
)
def test_faces_of_eviction(
    azure_ml: StandIn, plain: Plain, tmp_path: Path, face: str, ends: str, starts: int
) -> None:
    azure_ml.scenario(evict=face, evict_after=0.2)
    plain.upload({"main.py": ONCE})
    plain.submit("one", environmentVariables={"MARK": str(tmp_path / "mark")})
    azure_ml.wait_ended()
    run = azure_ml.run("one")
    assert (run.status, run.starts, run.evictions) == (ends, starts, 1)
    assert azure_ml.cluster("gpu-cluster").lost == 1
    assert ("PreemptionError" in run.error) == (face == "failed")
    if face == "requeue":
        assert run.statuses[-5:] == ("Running", "Queued", "Running", "Finalizing", "Completed")


def test_a_storm_of_evictions_leaves_the_books_in_order(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario(seed=3, evict="any", evict_chance=0.5, evict_after=(0.0, 0.1), evict_times=3)
    plain.upload({"main.py": "import time; time.sleep(0.1)"})
    mpi = {"distributionType": "Mpi", "processCountPerInstance": 1}
    for number in range(20):
        more: dict[str, Any] = {}
        if number % 5 == 0:
            more = {"distribution": mpi, "resources": {"instanceCount": 2}}
        plain.submit(f"run-{number}", **more)
    azure_ml.wait_ended()
    cluster, runs = azure_ml.cluster("gpu-cluster"), azure_ml.runs()
    assert azure_ml.alive() == []
    assert cluster.busy == 0 and cluster.nodes <= cluster.maximum and not cluster.queue
    assert cluster.lost == sum(run.evictions for run in runs) > 5
    assert {run.status for run in runs} == {"Completed", "Failed", "Canceled"}
    for run in runs:
        assert run.starts == run.statuses.count("Running") == run.evictions + (run.status == "Completed")


def test_dedicated_nodes_are_not_evicted(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario(evict="failed", evict_after=0.0)
    azure_ml.simulate(0.1)
    plain.upload({"main.py": ""})
    plain.submit("one", cluster="gpu-dedicated")
    plain.submit("two")
    azure_ml.wait_ended()
    assert [run.status for run in azure_ml.runs()] == ["Completed", "Failed"]


@pytest.mark.parametrize(
    ("fault", "text"), [("image_fails", "FailedPullingImage"), ("node_fails", "unusable")]
)
def test_failures_of_the_service(azure_ml: StandIn, plain: Plain, fault: str, text: str) -> None:
    azure_ml.scenario(runs="bad.*", **{fault: True})
    azure_ml.simulate(0.8)
    plain.upload({"main.py": ""})
    plain.submit("bad-1")
    plain.submit("good")
    azure_ml.wait_ended()
    assert [run.status for run in azure_ml.runs()] == ["Failed", "Completed"]
    assert text in azure_ml.run("bad-1").error


@pytest.mark.parametrize(("why", "word"), [("quota", "quota"), ("capacity", "sufficient capacity")])
def test_a_queue_without_end(azure_ml: StandIn, plain: Plain, why: str, word: str) -> None:
    azure_ml.scenario(queue=why, clusters="gpu-cluster")
    azure_ml.simulate(0)
    plain.upload({"main.py": ""})
    plain.submit("one")
    plain.submit("two", cluster="gpu-dedicated")
    azure_ml.wait(lambda: plain.status("two") == "Completed")
    assert plain.status("one") == "Queued"
    own = plain.call("GET", "/computes/gpu-cluster").json()["properties"]["properties"]
    assert word in own["errors"][0]["error"]["message"]
    assert own["currentNodeCount"] == 0 and own["targetNodeCount"] == 1
    azure_ml.scenario()
    azure_ml.wait_ended()


def test_a_node_that_never_starts_and_the_order_of_the_queue(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario(dead_nodes=1, node_seconds=0.05)
    azure_ml.cluster("gpu-cluster").maximum = 2
    azure_ml.simulate(0.05)
    plain.upload({"main.py": ""})
    for number in range(4):
        plain.submit(f"run-{number}")
    azure_ml.wait_ended()
    own = plain.call("GET", "/computes/gpu-cluster").json()["properties"]["properties"]
    assert own["nodeStateCounts"]["preparingNodeCount"] == 1 and own["nodeStateCounts"]["idleNodeCount"] == 1
    begun = [
        next(at for status, at in run.history if status == "Running")
        for run in azure_ml.service.runs.values()
    ]
    assert begun == sorted(begun) and min(b - a for a, b in pairwise(begun)) > 0.04


def test_what_is_refused(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.simulate(0)
    plain.upload({"main.py": ""})
    assert "maximum nodes" in plain.submit("big", resources={"instanceCount": 5}).text
    assert plain.submit("elsewhere", cluster="none").status_code == 400
    assert plain.submit("no/id").status_code == 404 and azure_ml.bugs.pop()
    assert plain.submit("a.b").status_code == 400
    assert plain.submit("tags", tags={"long": "x" * 1001}).status_code == 400
    assert azure_ml.runs() == []


def test_the_same_id_twice(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.simulate(0)
    plain.upload({"main.py": ""})
    assert plain.submit("one", tags={"a": "1"}).status_code == 201
    assert plain.submit("one", "something else", tags={"a": "2"}).status_code == 200
    azure_ml.wait_ended()
    assert azure_ml.run("one").tags == {"a": "2"}
    assert azure_ml.run("one").starts == 1 and azure_ml.run("one").command[-1] == "python main.py"


def test_lists_come_in_pages(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario(page_size=2)
    azure_ml.simulate(0)
    plain.upload({"main.py": ""})
    for number in range(5):
        plain.submit(f"run-{number}", tags={"job": "odd" if number % 2 else "even"})
    url, found = "/jobs?tag=job=even", list[str]()
    while url:
        page = plain.call("GET", url).json()
        found += [job["name"] for job in page["value"]]
        url = page.get("nextLink", "")
    assert found == ["run-4", "run-2", "run-0"]
    query: dict[str, Any] = {"filter": '((Tags/job eq "odd") and (ParentRunId eq null))', "top": 1}
    runs = f"{DATA}/history/v1.0{plain.workspace}/experiments/reelbrush/runs:query"
    first = plain.call("POST", runs, query).json()
    second = plain.call("POST", runs, query | {"continuationToken": first["continuationToken"]}).json()
    assert [page["value"][0]["runId"] for page in (first, second)] == ["run-3", "run-1"]
    assert second["continuationToken"] is None


def test_nothing_starts_after_the_end(tmp_path: Path) -> None:
    bugs: list[BaseException] = []
    executor = ProcessExecutor(tmp_path, dict[str, str], bugs.append)
    executor.close()
    work = Work("gpu-cluster", ("sleep", "60"), {}, lambda folder: None)
    ends: list[int | None] = []
    executor.start(Run("late", "v2", "reelbrush", work, {}, starts=1), lambda code, _: ends.append(code))
    assert ends == [None] and executor.alive() == [] and bugs == []
