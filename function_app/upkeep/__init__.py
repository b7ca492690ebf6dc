"""Upkeep, every minute: what nobody waits for, and what a process that died left undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from function_app.api.surface import Surface
from function_app.upkeep.by_itself import by_itself
from function_app.upkeep.canceling import complete_cancellations
from function_app.upkeep.events import deliver_events
from function_app.upkeep.missed import start_missed
from function_app.upkeep.purge import purge_ended
from function_app.upkeep.queue import tend_queue

__all__ = ["keep_up"]

Duty = Callable[[Surface], Awaitable[None]]
DUTIES: tuple[Duty, ...] = (complete_cancellations, tend_queue, purge_ended, deliver_events, start_missed)


async def keep_up(to: Surface) -> None:
    """Do every duty once; one that fails is logged, tried again in a minute, and keeps no other back."""
    for duty in DUTIES:
        await by_itself(duty.__name__, duty(to))
