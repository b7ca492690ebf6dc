"""A job that is canceled while a cluster paints it: no run goes on, no process is left."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.services import services
from function_app.api.jobs import cancel
from function_app.api.messages import Request
from function_app.api.surface import Surface
from reelbrush.host import Host
from reelbrush.host.rpc import client_binding
from tests.cluster.conftest import Cloud
from tests.end_to_end.conftest import slow_model, slow_style

__all__ = ["slow_model", "slow_style"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["azureml", "azureml-v2"])
def test_cancel_leaves_no_run_alive(
    cloud: Cloud, film: Path, slow_style: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import azure.durable_functions as df

    monkeypatch.setenv("REELBRUSH_BACKEND", backend)
    monkeypatch.setenv("REELBRUSH_STYLES", str(slow_style))
    monkeypatch.setenv("REELBRUSH_BATCH_FRAMES", "96")
    monkeypatch.setenv("REELBRUSH_PROCESSES", "2")
    cloud.azure_ml.cluster("gpu-cluster").maximum = 2
    cloud.azure_ml.scenario(grace_seconds=1.0)
    job = cloud.upload(film, "slow")

    def at_work() -> bool:
        return sum(bool(cloud.azure_ml.logs(run.id)) for run in cloud.azure_ml.runs()) == 2

    async def canceling(host: Host) -> Any:
        async with asyncio.timeout(60):
            while len(cloud.azure_ml.runs()) < 4 or not at_work():
                await asyncio.sleep(0.1)
        client = df.DurableOrchestrationClient(client_binding(host.base_url))
        surface = Surface(client, services(), datetime.now(UTC))
        path = f"/api/jobs/{job}/cancel"
        reply = await cancel(surface, Request("POST", f"http://localhost{path}", {}, {}, {"id": job}, b""))
        assert reply.status == 202
        return await host.wait(job, timeout=60)

    assert cloud.serve(canceling).runtime_status == "Terminated"
    cloud.azure_ml.wait_ended()
    assert [run.status for run in cloud.azure_ml.runs()] == ["Canceled"] * 4
    assert sorted(run.starts for run in cloud.azure_ml.runs()) == [0, 0, 1, 1]  # two waited for a node
    assert cloud.azure_ml.alive() == [] and cloud.azure_ml.refused_hosts() == []
