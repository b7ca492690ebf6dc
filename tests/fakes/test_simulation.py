"""Clusters of a thousand nodes, without executing anything."""

from __future__ import annotations

import threading
import time

from tests.fakes.azureml.runs import Run, RunView
from tests.fakes.azureml.stand_in import StandIn
from tests.fakes.azureml.v2_jobs import work_of
from tests.fakes.plain import Plain


def test_thousands_of_runs_on_a_thousand_nodes_are_cheap(azure_ml: StandIn, plain: Plain) -> None:
    seen: list[tuple[str, float]] = []
    lock = threading.Lock()

    def hook(run: RunView, share: float) -> None:
        with lock:
            seen.append((run.id, share))

    azure_ml.scenario(node_seconds=0.05, page_size=500)
    azure_ml.cluster("gpu-cluster").maximum = 1000
    azure_ml.simulate(0.3, hook)
    plain.upload({"main.py": ""})
    began = time.process_time()
    for number in range(3000):
        body = plain.job("python main.py", tags={"job": f"job-{number % 30}"})
        if number < 20:
            assert plain.call("PUT", f"/jobs/run-{number}", body).status_code == 201
        else:  # past the HTTP of this client, which costs more than the service
            work = work_of(azure_ml.service, body["properties"])
            azure_ml.service.begin(Run(f"run-{number}", "v2", "reelbrush", work, body))
    azure_ml.wait_ended(30)
    assert time.process_time() - began < 10
    assert sorted(seen) == sorted((f"run-{number}", 1.0) for number in range(3000))
    assert {run.status for run in azure_ml.runs()} == {"Completed"}
    assert 900 < azure_ml.cluster("gpu-cluster").nodes <= 1000


def test_hooks_are_told_what_a_start_had_time_for(azure_ml: StandIn, plain: Plain) -> None:
    seen: list[tuple[str, int, float]] = []

    def hook(run: RunView, share: float) -> None:
        seen.append((run.id, run.starts, share))
        if run.id == "bad":
            raise ValueError("no such style")

    azure_ml.scenario(evict="requeue", evict_after=0.2, runs="one")
    azure_ml.simulate(lambda run: 20.0 if (run.id, run.starts) == ("one", 1) else 0.0, hook)
    plain.upload({"main.py": ""})
    plain.submit("one")
    plain.submit("bad")
    azure_ml.wait_ended()
    (first, second) = [(starts, share) for run, starts, share in seen if run == "one"]
    assert first[0] == 1 and 0.0 < first[1] < 0.9
    assert second == (2, 1.0)
    assert azure_ml.run("bad").status == "Failed" and "no such style" in azure_ml.run("bad").error


def test_a_simulated_run_is_canceled_at_once(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.simulate(60.0)
    plain.upload({"main.py": ""})
    for number in range(3):
        plain.submit(f"run-{number}")
        plain.call("POST", f"/jobs/run-{number}/cancel")
    azure_ml.wait_ended()
    assert {run.status for run in azure_ml.runs()} == {"Canceled"}
