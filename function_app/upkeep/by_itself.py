"""Steps of the upkeep that keep no other back."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

log = logging.getLogger("reelbrush.upkeep")


async def by_itself(what: str, step: Awaitable[None]) -> None:
    """Await a step; when it fails, that is logged, and the next round tries again."""
    try:
        await step
    except Exception as error:
        log.warning("%s failed: %s: %s", what, type(error).__name__, error)
