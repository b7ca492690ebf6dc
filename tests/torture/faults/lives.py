"""Processes that can die or stand still: what they do from then on has no effect."""

from __future__ import annotations

import threading
from collections.abc import Callable

PATIENCE = 600.0  # seconds that a process which stands still is waited for before the test gives up


class Died(BaseException):
    """The process of whoever calls is gone; no `except Exception` notices."""


class Life:
    """The life of one process, shared by all that it holds open."""

    def __init__(self, who: str, on_death: Callable[[], None] = lambda: None) -> None:
        self.who = who
        self.changed = threading.Event()  # it died, stopped moving, or ended
        self.stalled = False
        self.over = False
        self._dead = False
        self._on_death = on_death
        self._moving = threading.Event()
        self._moving.set()

    @property
    def dead(self) -> bool:
        """Whether it was killed."""
        return self._dead

    def check(self) -> None:
        """Return while the process lives, later while it stands still. Raises Died."""
        if not self._moving.wait(PATIENCE) or self._dead:
            raise Died(self.who)

    def die(self) -> None:
        """Kill it."""
        if not self._dead:
            self._dead = True
            self._moving.set()
            self._on_death()
            self.changed.set()

    def stall(self) -> None:
        """Stand still until `go_on`. Raises Died."""
        self.stalled = True
        self._moving.clear()
        self.changed.set()
        self.check()

    def go_on(self) -> None:
        """Let it move again."""
        self.stalled = False
        self.changed.clear()
        self._moving.set()

    def end(self) -> None:
        """Note that it is over by itself or by its death."""
        self.over = True
        self.changed.set()
