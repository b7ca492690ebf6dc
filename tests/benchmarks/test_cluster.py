"""The benchmark of the cluster, small: what it says has to hold is held for every change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_many_nodes_cost_one_query_per_look_and_short_histories(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.json"
    wanted = ["--segments", "100", "--nodes", "12", "--run-seconds", "1", "3", "--poll-seconds", "0.5"]
    command = [sys.executable, ROOT / "benchmarks" / "cluster.py", "scale", *wanted]
    patient = ["--turn-seconds", "10"]  # of a busy machine; what the code itself takes is looked at below
    command += ["--evictions", "0.4", *patient, "--json", numbers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(numbers.read_text())["result"]
    assert result["segments"] == 100 and result["segmentsPublishedTwice"] == 0
    assert result["runs"] >= 10 and result["evictions"] >= 1
    assert result["queriesPerLook"].keys() == {"1"} and result["looks"] >= 3
    assert result["historyEvents"] < 200
    assert result["turnSeconds"]["maxCpu"] < 0.5
    assert result["lint"] == []
