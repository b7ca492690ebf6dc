"""Orchestration instances as the upkeep sees them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from function_app.api.surface import Surface
from function_app.job_view import decoded
from function_app.start import ACTIVE


async def instance(to: Surface, job: str) -> DurableOrchestrationStatus | None:
    """Return the instance of a job, or None when there is none (any more)."""
    return await to.client.get_status(job) or None


def is_active(status: DurableOrchestrationStatus | None) -> bool:
    """Whether the instance has not ended yet."""
    return status is not None and status.runtime_status is not None and status.runtime_status.name in ACTIVE


def request_of(status: DurableOrchestrationStatus) -> dict[str, Any]:
    """Return the orchestration's input, see `function_app.start.orchestration_input`."""
    return decoded(status.input_)


def last_change(status: DurableOrchestrationStatus) -> datetime:
    """Return when the instance took its last step, aware."""
    changed = status.last_updated_time
    if changed is None:
        return datetime.fromtimestamp(0, UTC)
    return changed if changed.tzinfo else changed.replace(tzinfo=UTC)
