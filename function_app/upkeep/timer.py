"""The timer that calls the upkeep."""

from __future__ import annotations

from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from activities.services import services
from function_app.api.surface import Surface
from function_app.upkeep import keep_up
from reelbrush.telemetry import telemetry_started

bp = df.Blueprint()


@bp.function_name("upkeep")
@bp.timer_trigger(arg_name="timer", schedule="0 * * * * *")
@bp.durable_client_input(client_name="client")
async def upkeep(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Complete cancellations, tend the queue, report stuck jobs, purge old ones, deliver events."""
    await telemetry_started()
    await keep_up(Surface(client, services(), datetime.now(UTC)))
