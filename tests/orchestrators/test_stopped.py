"""A canceled job stands still, whatever step noticed it, until its instance is terminated."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from reelbrush.host import Host
from tests.orchestrators.test_planning import DEAR
from tests.orchestrators.test_stylize import APP, JOB, QUEUED, World, names

CANCELED = {"canceled": True}
STEPS: dict[str, tuple[Any, str]] = {  # what they answer, and the phase they belong to
    "admit_job": (CANCELED, "queued"),
    "split_video": (CANCELED, "splitting"),
    "plan_job": (CANCELED, "splitting"),
    "await_approval": (CANCELED, "awaitingApproval"),
    "submit_run": ("", "splitting"),
    "stitch_video": (CANCELED, "stitching"),
    "finish_job": (CANCELED, "stitching"),
}


@pytest.mark.parametrize("step", STEPS)
def test_nothing_follows_the_step_that_found_the_job_canceled(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrators.stylize.STOP_SECONDS", 0.05)

    async def inside() -> tuple[list[str], Any]:
        import azure.durable_functions as df

        from reelbrush.host.rpc import client_binding

        async with Host(APP, tmp_path, store_root=None) as host:
            module: Any = sys.modules["function_app"]
            module.calls.clear()
            module.script.clear()
            script = World().script
            if step == "await_approval":
                script["plan_job"] = lambda _: DEAR
            script[step] = lambda _: STEPS[step][0]
            module.script.update(script)
            client = df.DurableOrchestrationClient(client_binding(host.base_url))
            await client.start_new("stylize_video", JOB.id, {**QUEUED, "pollSeconds": 0.1})
            async with asyncio.timeout(60):
                while True:
                    known = await host.status(JOB.id)
                    if known is not None and (known.custom_status or {}).get("summary") == "stopping":
                        break
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # some executions
            await client.terminate(JOB.id, "canceled")
            ended = await host.wait(JOB.id, timeout=60)
            return names(module.calls), ended

    called, ended = asyncio.run(inside())
    assert ended.runtime_status == "Terminated"
    assert ended.custom_status["phase"] == STEPS[step][1]
    assert called[-1] == step and "close_job" not in called
    repeated = {"submit_run", "poll_runs", "tell_event"}
    assert {called.count(name) for name in called if name not in repeated} == {1}
