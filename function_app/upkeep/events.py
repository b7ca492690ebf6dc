"""Events that a receiver did not take."""

from __future__ import annotations

import asyncio
import logging

from function_app.api.surface import Surface
from reelbrush.events import redeliver

log = logging.getLogger("reelbrush.upkeep")


async def deliver_events(to: Surface) -> None:
    """Try the events that are due again; see `reelbrush.events.redeliver`."""
    delivered = await asyncio.to_thread(redeliver, to.services.store, to.services.settings, to.now)
    if delivered:
        log.info("%d events delivered late", delivered)
