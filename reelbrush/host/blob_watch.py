"""Fires blob triggers: each version of a blob once, at least, and after five failures never again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reelbrush.host.blob_argument import blob_argument
from reelbrush.host.blob_path import BlobPath
from reelbrush.host.blob_places import BlobPlace, FoundBlob
from reelbrush.host.clock import MICROSECONDS, Clock
from reelbrush.host.functions import AppFunction
from reelbrush.host.invoker import Invoker
from reelbrush.host.outage import Outage
from reelbrush.host.receipts import Receipts

logger = logging.getLogger(__name__)

# Scans may take at most this share of a core, however many blobs a container holds, measured by the cheaper
# of the latest two: one that loads a library, or signs in, tells nothing of the next ...
_SCAN_SHARE = 0.02
# ... but an upload never waits longer than this for the next one, in seconds.
_LONGEST_REST = 10.0

# Seconds of the host's clock between two tries for a blob: what fails for an outage has time to end.
_PAUSES = (1, 4, 15, 60)


@dataclass(frozen=True, slots=True)
class BlobTrigger:
    """A function with a blob trigger, the pattern of its blobs, and where they live."""

    function: AppFunction
    path: BlobPath
    place: BlobPlace


class BlobWatch:
    """Looks at the containers of all blob triggers again and again."""

    def __init__(
        self,
        triggers: Sequence[BlobTrigger],
        receipts: Receipts,
        invoker: Invoker,
        clock: Clock,
        *,
        poll_seconds: float,
        max_tries: int,
        at_once: int,
    ) -> None:
        self._triggers = triggers
        self._receipts = receipts
        self._invoker = invoker
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._max_tries = max_tries
        self._slots = asyncio.Semaphore(at_once)
        self._seen: Mapping[tuple[str, str, str], str] = {}
        self._running: dict[tuple[str, FoundBlob], asyncio.Task[None]] = {}
        self._told: set[asyncio.Task[None]] = set()
        self._not_before: dict[tuple[str, FoundBlob], int] = {}  # moments of the next tries

    async def run(self) -> None:
        """Scan until cancelled; functions that are running go on."""
        spent = before = 0.0
        outage = Outage("the containers of blob triggers", logger, self._poll_seconds)
        while self._triggers:
            before, spent = spent, 0.0
            try:
                spent = await self._scan()
            except Exception as error:
                await asyncio.sleep(outage.failed(error))
                continue
            outage.over()
            rest = min(spent, before) / _SCAN_SHARE
            await asyncio.sleep(max(self._poll_seconds, min(rest, _LONGEST_REST)))

    async def drain(self, grace_seconds: float) -> None:
        """Wait for running functions for so long, then cancel them."""
        tasks = [*self._running.values(), *self._told]
        if tasks and grace_seconds > 0:
            await asyncio.wait(tasks, timeout=grace_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def invoke(self, trigger: BlobTrigger, blob: FoundBlob) -> None:
        """Call the function for a blob once, whatever the receipts say, and record the outcome."""
        name = trigger.function.name
        async with self._slots:
            tries = self._receipts.begin(name, blob)
            try:
                client = await asyncio.to_thread(trigger.place.client, blob.container, blob.name)
                argument = await asyncio.to_thread(blob_argument, trigger.function.parameter_type, client)
                await self._invoker.call(trigger.function, argument)
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                if tries < self._max_tries:
                    pause = _PAUSES[min(tries, len(_PAUSES)) - 1]
                    self._not_before[name, blob] = self._clock.now() + pause * MICROSECONDS
                    self._receipts.end(name, blob, "failed", reason)
                    message = "'%s' failed for %s (try %d, again in %d s): %s"
                    logger.warning(message, name, blob.name, tries, pause, reason, exc_info=True)
                else:
                    self._receipts.end(name, blob, "poisoned", reason)
                    logger.warning("'%s' gave up on %s after %d tries: %s", name, blob.name, tries, reason)
            else:
                self._receipts.end(name, blob, "fired")

    def tell(self, trigger: BlobTrigger, blob: FoundBlob) -> None:
        """Call the function for a blob soon, whatever the receipts say; the scan repeats a try that fails."""
        task = asyncio.create_task(self.invoke(trigger, blob))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    def triggers_of(self, function: str) -> list[BlobTrigger]:
        """Return the triggers of the function of that name."""
        return [trigger for trigger in self._triggers if trigger.function.name == function]

    async def _scan(self) -> float:
        """Fire what is new, and return how many seconds of a core the listings took.

        Not how long they took: on a busy machine, or with a slow account, that is mostly waiting.
        """
        found: dict[tuple[str, str, str], str] = {}
        spent = 0.0
        for trigger in self._triggers:
            listing, took = await asyncio.to_thread(_list, trigger)
            spent += took
            for blob in listing:
                if trigger.path.matches(blob.name):
                    key = (trigger.function.name, blob.container, blob.name)
                    found[key] = blob.etag
                    # A file that is still being written has another ETag at the next look.
                    if blob.whole or self._seen.get(key) == blob.etag:
                        self._fire(trigger, blob)
        self._seen = found
        now = self._clock.now()
        self._not_before = {key: due for key, due in self._not_before.items() if due > now}
        return spent

    def _fire(self, trigger: BlobTrigger, blob: FoundBlob) -> None:
        key = (trigger.function.name, blob)
        if key in self._running or self._clock.now() < self._not_before.get(key, 0):
            return
        if self._receipts.settled(trigger.function.name, blob):
            return
        task = self._running[key] = asyncio.create_task(self.invoke(trigger, blob))
        task.add_done_callback(lambda _: self._running.pop(key, None))


def _list(trigger: BlobTrigger) -> tuple[list[FoundBlob], float]:
    began = time.thread_time()
    return list(trigger.place.listing(trigger.path.container)), time.thread_time() - began
