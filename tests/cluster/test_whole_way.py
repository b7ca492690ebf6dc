"""Upload, trigger, orchestration, SDK, cluster, nodes, account, output: the same bytes as on one machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import pytest

from tests.cluster.conftest import SCORED, Cloud, sha256

STYLE = "starry-night"


@pytest.fixture(scope="session")
def here(film: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sha256 of what the local backend makes of the film."""
    made = tmp_path_factory.mktemp("here") / "made.mp4"
    command = [sys.executable, "-m", "reelbrush", "run", str(film), "-o", str(made), "--style", STYLE]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return sha256(made.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize(("nodes", "processes"), [(1, 1), (2, 2)], ids=["single", "mpi-2x2"])
@pytest.mark.parametrize("backend", ["azureml", "azureml-v2"])
def test_a_cluster_makes_the_bytes_that_one_machine_makes(
    cloud: Cloud,
    film: Path,
    here: str,
    backend: str,
    nodes: int,
    processes: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("REELBRUSH_BACKEND", backend)
    monkeypatch.setenv("REELBRUSH_RUN_NODES", str(nodes))
    monkeypatch.setenv("REELBRUSH_PROCESSES", str(processes))
    job = cloud.upload(film, STYLE)
    made = cloud.output(cloud.finish(job))
    assert sha256(made) == here
    path = tmp_path / "made.mp4"
    path.write_bytes(made)
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio", "subtitle"]
        assert sum(1 for _ in container.decode(video=0)) == 384
    cloud.azure_ml.wait_ended()  # what a run has written is known before it ends
    runs = cloud.azure_ml.runs()
    assert len(runs) == 2 and {run.status for run in runs} == {"Completed"}, runs
    assert {run.nodes for run in runs} == {nodes}
    assert cloud.segments(job) == [1] * 8
    assert cloud.scored() == dict.fromkeys(range(8), 1)
    if processes > 1:  # all ranks had their share
        shares = [len(SCORED.findall(text)) for run in runs for text in cloud.azure_ml.logs(run.id).values()]
        assert shares == [1] * 8
    assert cloud.azure_ml.refused_hosts() == [] and cloud.azure_ml.invalid == []
    assert cloud.azure_ml.alive() == []
