"""Orchestrations of the real SDK, replayed by the host."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


def test_pipeline_with_retries_timers_and_a_sub_orchestration(host: Any, run: Any, scenario_app: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            instance_id = await client.start_new("pipeline", None, {"n": 7, "key": "k"})
            status = await h.wait(instance_id, 10)
            assert status.runtime_status == "Completed"
            assert status.output == {"scored": [0, 10, 20, 30, 40, 50, 60], "waited": 3}
            assert status.custom_status == {"stage": "done"}
            assert status.input == {"n": 7, "key": "k"}
            assert scenario_app.TRIES["k", 3] == 3

    run(scenario())
