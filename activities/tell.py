"""Tell: pass an event of a job on to those who want to know."""

from __future__ import annotations

import asyncio
from typing import Any

import azure.durable_functions as df

from activities.services import Services, services
from activities.traced import traced
from reelbrush.events import tell

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="tell_event")
@traced("tell_event")
async def tell_event(request: dict) -> bool:  # type: ignore[type-arg]
    """Tell one event and return True. Request: {"job": id, "type", "data", "retry"?}; see `tell`."""
    await asyncio.to_thread(_tell, services(), request)
    return True


def _tell(to: Services, request: dict[str, Any]) -> None:
    tell(
        to.store,
        to.settings,
        str(request["job"]),
        str(request["type"]),
        dict(request.get("data") or {}),
        int(request.get("retry", 0)),
    )
