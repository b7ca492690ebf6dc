"""The benchmark of the cluster, small: what it says has to hold is held for every change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["azureml", "azureml-v2"])
def test_many_nodes_cost_one_query_per_look_and_short_histories(backend: str, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.json"
    wanted = ["--segments", "120", "--nodes", "12", "--run-seconds", "2", "4", "--poll-seconds", "0.5"]
    command = [sys.executable, ROOT / "benchmarks" / "cluster.py", "scale", *wanted]
    command += ["--backend", backend, "--evictions", "0.4", "--json", numbers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(numbers.read_text())["result"]
    assert result["segments"] == 120 and result["segmentsPublishedTwice"] == 0
    assert result["runs"] >= 12 and result["evictions"] >= 1
    assert result["queriesPerLook"].keys() == {"1"} and result["looks"] >= 3
    assert result["historyEvents"] < 200
    assert result["lint"] == []
