"""Ctrl-C: the first lets running segments finish, the second ends everything."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from reelbrush.cli.exits import INTERRUPTED
from reelbrush.cli.progress import Display
from reelbrush.compute import local


class Interrupts:
    """Counts SIGINT and SIGTERM while a run goes on."""

    def __init__(self, runs: Path, display: Display) -> None:
        self.count = 0
        self._runs, self._display = runs, display

    @contextmanager
    def caught(self) -> Generator[None]:
        """Handle the signals inside the block; to be used inside a running event loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._hit)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def drained(self) -> bool:
        """Whether an interrupt came and no scoring process is left."""
        return self.count > 0 and local.running(self._runs) == 0

    def leave(self) -> NoReturn:
        """End this process now: threads inside FFmpeg would hold it, and all state is on disk."""
        os._exit(INTERRUPTED)

    def _hit(self) -> None:
        self.count += 1
        if self.count == 1:
            self._display.say("finishing the segments that are being painted; Ctrl-C again stops at once")
            local.drain(self._runs)
            return
        local.kill(self._runs)
        self._display.close()
        self.leave()
