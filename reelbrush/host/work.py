"""Runs activities: at least once each, as many at a time as host.json allows."""

from __future__ import annotations

import asyncio
import logging
import traceback

from reelbrush.host.functions import ACTIVITY, FunctionTable
from reelbrush.host.history import Event, EventType, new_event
from reelbrush.host.invoker import FunctionTimeout, Invoker
from reelbrush.host.payload_lint import PayloadLint
from reelbrush.host.task_hub import TaskHub, Work

logger = logging.getLogger(__name__)

_DETAILS_LIMIT = 4000


class ActivityDispatcher:
    """Takes queued activities and hands their results back.

    An activity stays in the database until its result is there too, so that one that was running when the
    host was killed runs again.
    """

    def __init__(
        self, hub: TaskHub, functions: FunctionTable, invoker: Invoker, lint: PayloadLint, limit: int
    ) -> None:
        """`limit` is the greatest number of activities that run at a time."""
        self._hub = hub
        self._functions = functions
        self._invoker = invoker
        self._lint = lint
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Start activities as they are queued, until cancelled; those that are running go on."""
        while True:
            self._hub.work_ready.clear()
            free = self._limit - len(self._tasks)
            for work in self._hub.lease_work(free) if free else ():
                task = asyncio.create_task(self._execute(work))
                self._tasks.add(task)
                task.add_done_callback(self._ended)
            await self._hub.work_ready.wait()

    async def drain(self, grace_seconds: float) -> None:
        """Wait for the running activities for so long, then cancel the asynchronous ones that remain."""
        if self._tasks and grace_seconds > 0:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        remaining = list(self._tasks)
        for task in remaining:
            task.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._hub.work_ready.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error(
                "an activity's result could not be stored; it runs again after a restart", exc_info=error
            )

    async def _execute(self, work: Work) -> None:
        event = await self._outcome(work)
        self._hub.complete_work(work, event)

    async def _outcome(self, work: Work) -> Event:
        from azure.functions.durable_functions import ActivityTriggerConverter
        from azure.functions.meta import Datum

        function = self._functions.find(ACTIVITY, work.name)
        try:
            if function is None:
                raise LookupError(f"the app has no activity function '{work.name}' any more")
            argument = ActivityTriggerConverter.decode(Datum(work.input, "string"), trigger_metadata=None)
            result = await self._invoker.call(function, argument)
            text = ActivityTriggerConverter.encode(result, expected_type=None).value
        except Exception as error:
            kind = "FunctionTimeoutException" if isinstance(error, FunctionTimeout) else type(error).__name__
            reason = f"Activity function '{work.name}' failed: {kind}: {error}"
            logger.warning("%s (%s)", reason, work.instance_id)
            details = "".join(traceback.format_exception(error))[-_DETAILS_LIMIT:]
            return new_event(
                EventType.TASK_FAILED,
                self._hub.clock.now(),
                TaskScheduledId=work.task,
                Reason=reason,
                Details=details,
            )
        self._lint.check(work.name, "result", work.instance_id, text)
        return new_event(
            EventType.TASK_COMPLETED, self._hub.clock.now(), TaskScheduledId=work.task, Result=text
        )
