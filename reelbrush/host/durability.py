"""When what was committed is on disk for good.

A commit alone survives the death of the process, not a power cut: waiting for the disk at each of the many
small commits would hold up everything. So the disk is waited for a few times per second, beside the event
loop, and before a client is told that its wish was accepted.
"""

from __future__ import annotations

import asyncio
import logging

from reelbrush.host.storage import Storage

logger = logging.getLogger(__name__)

PAUSE = 0.25  # seconds, about what a power cut can take back of steps that nobody was told of


class Durability:
    """Brings the commits of one storage to disk. Use from one event loop."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._on_disk = storage.changes
        self._turn = asyncio.Lock()

    async def settle(self) -> None:
        """Return when all that was committed before this call survives a power cut."""
        wanted = self._storage.changes
        while self._on_disk < wanted:
            async with self._turn:
                # one wait for the disk serves all who came while the one before was under way
                if self._on_disk < wanted:
                    reached = self._storage.changes
                    await asyncio.to_thread(self._storage.sync)
                    self._on_disk = reached

    async def run(self) -> None:
        """Settle again and again until cancelled."""
        seen = -1
        while True:
            await asyncio.sleep(PAUSE)
            if self._storage.changes == seen:
                continue
            try:
                seen = self._storage.changes
                await self.settle()
                await asyncio.to_thread(self._storage.fold)
            except Exception:
                seen = -1
                logger.exception("the host's database could not be brought to disk; trying again")
                await asyncio.sleep(1)
