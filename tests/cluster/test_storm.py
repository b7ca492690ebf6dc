"""Nodes are taken away, calls fail, one node never starts: every segment is there once, little is redone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reelbrush.host import Host, InstanceStatus
from tests.cluster.conftest import SCORED, Cloud
from tests.end_to_end.conftest import slow_model, slow_style
from tests.fakes.azureml.scenario import FACES
from tests.media import ffmpeg

__all__ = ["slow_model", "slow_style"]

BATCHES, EACH = 6, 4  # segments of a batch
FRAMES = 48  # of a segment


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 segments of 48 frames, 48x32."""
    path = tmp_path_factory.mktemp("long-film") / "film.mp4"
    seconds = BATCHES * EACH * FRAMES / 24
    ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=size=48x32:rate=24:duration={seconds}",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", str(FRAMES), "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    return path


async def take_nodes_away(cloud: Cloud) -> None:
    """Take the node of each batch's first run, once two segments of it are painted, in all three ways."""
    taken: set[str] = set()
    while True:
        for run in cloud.azure_ml.runs():
            if run.id in taken or not run.id.endswith("-a1") or run.status != "Running":
                continue
            painted = sum(len(SCORED.findall(text)) for text in cloud.azure_ml.logs(run.id).values())
            if painted >= 2:
                cloud.azure_ml.evict(run.id, FACES[len(taken) % len(FACES)])
                taken.add(run.id)
        await asyncio.sleep(0.03)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("backend", ["azureml", "azureml-v2"])
def test_a_storm_costs_at_most_a_segment_per_lost_node(
    cloud: Cloud, long_film: Path, slow_style: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"BACKEND": backend, "NODES": "4", "BATCH_FRAMES": str(EACH * FRAMES)}
    for name, value in (settings | {"STYLES": str(slow_style)}).items():
        monkeypatch.setenv(f"REELBRUSH_{name}", value)
    cloud.azure_ml.cluster("gpu-cluster").maximum = 4
    cloud.azure_ml.scenario(
        seed=4, grace_seconds=0.2, chances={"503": 0.05, "lost": 0.05}, dead_nodes=1
    )  # fmt: skip
    job = cloud.upload(long_film, "slow")

    async def through_the_storm(host: Host) -> InstanceStatus:
        storm = asyncio.create_task(take_nodes_away(cloud))
        try:
            return await host.wait(job, timeout=300)
        finally:
            storm.cancel()

    status = cloud.serve(through_the_storm)
    assert status.runtime_status == "Completed", status.custom_status
    cloud.azure_ml.wait_ended()
    runs, calls, scored = cloud.azure_ml.runs(), cloud.azure_ml.calls(), cloud.scored()
    lost = sum(run.evictions for run in runs)
    assert lost >= BATCHES // 2 and any(call.fault for call in calls), (lost, len(calls))
    assert cloud.segments(job) == [1] * (BATCHES * EACH)
    assert set(scored) == set(range(BATCHES * EACH))
    again = sum(count - 1 for count in scored.values())
    assert again <= lost, (again, lost)
    assert cloud.azure_ml.refused_hosts() == [] and cloud.azure_ml.alive() == []
