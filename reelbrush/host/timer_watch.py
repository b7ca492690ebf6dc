"""Fires timer triggers when they are due; one that was missed while the host was down fires once at start."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from reelbrush.host.clock import Clock, microseconds, moment
from reelbrush.host.functions import AppFunction
from reelbrush.host.invoker import Invoker
from reelbrush.host.schedule import Schedule
from reelbrush.host.storage import Storage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """A function with a timer trigger."""

    function: AppFunction
    schedule: Schedule


class TimerWatch:
    """Waits for the schedules of all timer triggers; one function never runs twice at a time."""

    def __init__(
        self, triggers: Sequence[TimerTrigger], storage: Storage, clock: Clock, invoker: Invoker
    ) -> None:
        self._triggers = triggers
        self._storage = storage
        self._clock = clock
        self._invoker = invoker

    async def run(self) -> None:
        """Wait and fire until cancelled."""
        await asyncio.gather(*(self._follow(trigger) for trigger in self._triggers))

    async def fire(self, function: AppFunction, *, past_due: bool = False) -> None:
        """Call the function now."""
        from azure.functions.meta import Datum
        from azure.functions.timer import TimerRequestConverter

        now = moment(self._clock.now()).isoformat()
        request = {"IsPastDue": past_due, "Schedule": {"AdjustForDST": True}, "ScheduleStatus": {"Last": now}}
        try:
            argument = TimerRequestConverter.decode(Datum(json.dumps(request), "json"), trigger_metadata=None)
            await self._invoker.call(function, argument)
        except Exception as error:
            logger.warning("timer function '%s' failed: %s: %s", function.name, type(error).__name__, error)

    async def _follow(self, trigger: TimerTrigger) -> None:
        name = trigger.function.name
        row = self._storage.row("select last from timer where function=?", (name,))
        now = self._clock.now()
        last = now if row is None else min(row[0], now)  # the clock may have been set back since
        if row is None:
            self._remember(name, last)
        if trigger.function.settings.get("runOnStartup"):
            await self.fire(trigger.function)
        while True:
            due = microseconds(trigger.schedule.next(moment(last)))
            # A schedule alone never makes a manual clock jump: it would do so for ever.
            while self._clock.now() < due:
                await self._clock.wait(due, asyncio.Event(), lambda: False)
            now = last = self._clock.now()
            following = microseconds(trigger.schedule.next(moment(due)))
            self._remember(name, now)
            await self.fire(trigger.function, past_due=now >= following)

    def _remember(self, function: str, last: int) -> None:
        self._storage.write(
            "insert into timer values(?,?) on conflict do update set last=excluded.last", (function, last)
        )
