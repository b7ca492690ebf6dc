"""Fires queue triggers: each message until its function returns; after so many tries it becomes poison."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelbrush.host.app_settings import QueueSettings
from reelbrush.host.functions import AppFunction
from reelbrush.host.invoker import Invoker
from reelbrush.host.outage import Outage
from reelbrush.host.queue_argument import queue_argument
from reelbrush.host.queue_place import HOLD_SECONDS, QueuePlace

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage

logger = logging.getLogger(__name__)

_RENEW_SECONDS = HOLD_SECONDS / 3


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    """A function with a queue trigger, and its queue."""

    function: AppFunction
    queue: QueuePlace


class QueueWatch:
    """Looks at the queues of all queue triggers again and again."""

    def __init__(
        self,
        triggers: Sequence[QueueTrigger],
        invoker: Invoker,
        settings: QueueSettings,
        *,
        poll_seconds: float,
    ) -> None:
        """`poll_seconds` lie between two looks, more while nothing comes, up to host.json's longest."""
        self._triggers = triggers
        self._invoker = invoker
        self._settings = settings
        self._poll_seconds = poll_seconds
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take messages until cancelled; functions that are running go on."""
        await asyncio.gather(*(self._follow(trigger) for trigger in self._triggers))

    async def drain(self, grace_seconds: float) -> None:
        """Wait for running functions for so long, then cancel them; their messages come back."""
        tasks = list(self._running)
        if tasks and grace_seconds > 0:
            await asyncio.wait(tasks, timeout=grace_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, trigger: QueueTrigger) -> None:
        mine: set[asyncio.Task[None]] = set()
        outage = Outage(f"the queue '{trigger.queue.name}'", logger, self._poll_seconds)
        rest = self._poll_seconds
        while True:
            if len(mine) > self._settings.new_batch_threshold:
                await asyncio.wait(mine, return_when=asyncio.FIRST_COMPLETED)
                mine = {task for task in mine if not task.done()}
                continue
            try:
                messages = await asyncio.to_thread(trigger.queue.take, self._settings.batch_size)
            except Exception as error:
                await asyncio.sleep(outage.failed(error))
                continue
            outage.over()
            for message in messages:
                task = asyncio.create_task(self._handle(trigger, message))
                for tasks in (mine, self._running):
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
            rest = self._poll_seconds if messages else min(2 * rest, self._settings.longest_rest)
            await asyncio.sleep(0 if messages else rest)

    async def _handle(self, trigger: QueueTrigger, message: QueueMessage) -> None:
        tries = int(message.dequeue_count or 1)
        try:
            # beyond the last try: the function took the host with it each time
            if tries <= self._settings.max_tries and await self._succeeds(trigger, message, tries):
                await asyncio.to_thread(trigger.queue.delete, message)
            elif tries < self._settings.max_tries:
                await asyncio.to_thread(trigger.queue.keep, message, self._settings.retry_seconds)
            else:
                await asyncio.to_thread(trigger.queue.give_up, message)
                name = trigger.function.name
                logger.warning("'%s' gave up on message %s after %d tries", name, message.id, tries)
        except Exception as error:
            logger.warning("message %s comes again: %s: %s", message.id, type(error).__name__, error)

    async def _succeeds(self, trigger: QueueTrigger, message: QueueMessage, tries: int) -> bool:
        try:
            await self._call(trigger, message)
        except Exception as error:
            name, reason = trigger.function.name, f"{type(error).__name__}: {error}"
            logger.warning(
                "'%s' failed for message %s (try %d): %s", name, message.id, tries, reason, exc_info=True
            )
            return False
        return True

    async def _call(self, trigger: QueueTrigger, message: QueueMessage) -> None:
        argument = queue_argument(message, is_base64=self._settings.is_base64)
        call = asyncio.create_task(self._invoker.call(trigger.function, argument))
        try:
            while not (await asyncio.wait((call,), timeout=_RENEW_SECONDS))[0]:
                await self._renew(trigger, message)
            call.result()
        finally:
            call.cancel()

    async def _renew(self, trigger: QueueTrigger, message: QueueMessage) -> None:
        try:
            await asyncio.to_thread(trigger.queue.keep, message, HOLD_SECONDS)
        except Exception as error:
            logger.warning("message %s may be taken a second time: %s", message.id, error)
