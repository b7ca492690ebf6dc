"""What is done to the processes of a job, and when: a seeded choice of moments and victims."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil

from tests.torture.kills.place import PATIENCE, Place


@dataclass
class Blows:
    """The blows of one try."""

    place: Place
    job: str
    dice: random.Random
    span: tuple[int, int] = (0, 12)  # of published segments: the next blow falls there
    killed: list[str] = field(default_factory=list[str])  # host, scorer or account, in order
    proven: dict[str, str] = field(default_factory=dict[str, str])  # pages that were published before a blow

    def strike(self, what: str) -> None:
        """Do one of the blows below by its name, and leave behind a host that serves."""
        {
            "host": self.host,
            "scorer": self.scorer,
            "both": self.both,
            "stitch": self.stitch,
            "pause": self.pause,
            "account": self.account,
        }[what]()

    def host(self) -> None:
        """Kill the host at a random moment and leave its scorers alive, for a random while."""
        self._wait_for_pages(self.dice.randrange(*self.span))
        self._note()
        self._kill_host()
        time.sleep(self.dice.uniform(0, 1.5))
        self.place.serve()

    def scorer(self) -> None:
        """Kill the scorers at a random moment."""
        self._wait_for_pages(self.dice.randrange(*self.span))
        self._note()
        self._kill_scorers()

    def both(self) -> None:
        """Kill the host and its scorers within a few milliseconds, in either order."""
        self._wait_for_pages(self.dice.randrange(*self.span))
        self._note()
        victims: list[Callable[[], None]] = [self._kill_host, self._kill_scorers]
        self.dice.shuffle(victims)
        for kill in victims:
            kill()
            time.sleep(self.dice.uniform(0, 0.05))
        self.place.serve()

    def stitch(self) -> None:
        """Kill the host once all is painted: while it joins, verifies, publishes or finishes."""
        self._wait_for_pages(12)
        self._note()
        time.sleep(self.dice.uniform(0, 1.0))
        self._kill_host()
        self.place.serve()

    def pause(self) -> None:
        """Stop the scorers for a while, as a machine does that sleeps; some are killed while they lie."""
        self._wait_for_pages(self.dice.randrange(*self.span))
        stopped = self.place.scorers()
        for process in stopped:
            _send(process, signal.SIGSTOP)
        time.sleep(self.dice.uniform(0.5, 2.0))
        self._note()
        if self.dice.random() < 0.5:
            self._kill_scorers()
        for process in stopped:
            _send(process, signal.SIGCONT)

    def account(self) -> None:
        """Kill the storage account with nothing lost that it acknowledged; it comes back after a while."""
        assert self.place.account is not None and self.place.host is not None
        self._wait_for_pages(self.dice.randrange(*self.span))
        self._note()
        clients = [*self.place.scorers(), psutil.Process(self.place.host.pid)]
        for process in clients:
            _send(process, signal.SIGSTOP)
        self.place.account.saved()
        self.place.account.kill()
        self.killed.append("account")
        for process in clients:
            _send(process, signal.SIGCONT)
        time.sleep(self.dice.uniform(0.5, 2.0))
        self.place.account.start()

    def _kill_host(self) -> None:
        self.place.kill_host()
        self.killed.append("host")

    def _kill_scorers(self) -> None:
        for process in self.place.scorers():
            with contextlib.suppress(psutil.Error):
                process.kill()
                self.killed.append("scorer")

    def _note(self) -> None:
        """Remember what is published now; an account has to answer for that."""
        self.proven = {**self.place.pages(self.job), **self.proven}

    def _wait_for_pages(self, count: int) -> None:
        """Return when that many segments are published, or the job has ended, and a random moment later."""
        end = time.monotonic() + PATIENCE
        while len(self.place.pages(self.job)) < count and not self._ended():
            assert time.monotonic() < end, f"{len(self.place.pages(self.job))} of {count} segments"
            time.sleep(0.03)
        time.sleep(self.dice.uniform(0, 0.3))

    def _ended(self) -> bool:
        view: dict[str, Any] | None = self.place.view(self.job)
        return view is not None and "endedAt" in view


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.Error):
        process.send_signal(number)
