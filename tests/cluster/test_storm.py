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
from tests.torture.toll import FULL, Toll

__all__ = ["slow_model", "slow_style"]

BATCHES, EACH = 6 if FULL else 4, 4  # segments of a batch
FRAMES = 48  # of a segment
IN_FLIGHT = 3  # segments of a node that are not published: one in work, two waiting to be put


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Segments of 48 frames for all batches, 48x32."""
    path = tmp_path_factory.mktemp("long-film") / "film.mp4"
    seconds = BATCHES * EACH * FRAMES / 24
    ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=size=48x32:rate=24:duration={seconds}",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", str(FRAMES), "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    return path


async def take_nodes_away(cloud: Cloud, job: str, proven: dict[int, int]) -> None:
    """Take the node of each batch's first run, once two segments of it are painted, in all three ways.

    `proven` is told which segments were published before, and how often each had been painted by then.
    """
    taken: set[str] = set()
    while True:
        for run in cloud.azure_ml.runs():
            if run.id in taken or not run.id.endswith("-a1") or run.status != "Running":
                continue
            painted = sum(len(SCORED.findall(text)) for text in cloud.azure_ml.logs(run.id).values())
            if painted >= 2:
                published = [index for index, pages in enumerate(cloud.segments(job)) if pages]
                scored = cloud.scored()
                proven.update((index, scored[index]) for index in published if index not in proven)
                cloud.azure_ml.evict(run.id, FACES[len(taken) % len(FACES)])
                taken.add(run.id)
        await asyncio.sleep(0.03)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.torture("nodes of a cluster taken away while calls fail", slice=BATCHES // 2, full=BATCHES // 2)
@pytest.mark.parametrize("backend", ["azureml", "azureml-v2"])
def test_a_storm_costs_at_most_what_is_in_flight(
    cloud: Cloud, long_film: Path, slow_style: Path, backend: str, monkeypatch: pytest.MonkeyPatch, toll: Toll
) -> None:
    settings = {"BACKEND": backend, "NODES": "4", "BATCH_FRAMES": str(EACH * FRAMES)}
    for name, value in (settings | {"STYLES": str(slow_style)}).items():
        monkeypatch.setenv(f"REELBRUSH_{name}", value)
    cloud.azure_ml.cluster("gpu-cluster").maximum = 4
    cloud.azure_ml.scenario(
        seed=4, grace_seconds=0.2, chances={"503": 0.05, "lost": 0.05}, dead_nodes=1
    )  # fmt: skip
    job = cloud.upload(long_film, "slow")
    proven: dict[int, int] = {}

    async def through_the_storm(host: Host) -> InstanceStatus:
        storm = asyncio.create_task(take_nodes_away(cloud, job, proven))
        try:
            return await host.wait(job, timeout=300)
        finally:
            storm.cancel()

    status = cloud.serve(through_the_storm)
    assert status.runtime_status == "Completed", status.custom_status
    cloud.azure_ml.wait_ended()
    runs, calls, scored = cloud.azure_ml.runs(), cloud.azure_ml.calls(), cloud.scored()
    lost = sum(run.evictions for run in runs)
    assert any(call.fault for call in calls), len(calls)
    toll.survived(lost)
    assert cloud.segments(job) == [1] * (BATCHES * EACH)
    assert set(scored) == set(range(BATCHES * EACH))
    assert proven and {index: scored[index] for index in proven} == proven
    again = sum(count - 1 for count in scored.values())
    assert again <= IN_FLIGHT * lost, (again, lost)
    toll.figure(f"painted again, {backend}", f"{again} segments for {lost} lost nodes")
    assert cloud.azure_ml.refused_hosts() == [] and cloud.azure_ml.alive() == []
