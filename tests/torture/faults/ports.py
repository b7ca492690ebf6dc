"""What happens at a call where a fault is due, the same for every port."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from azure.core.exceptions import HttpResponseError, ServiceResponseError

from tests.torture.faults.lives import Died, Life
from tests.torture.faults.places import Fault, Injector

T = TypeVar("T")

CRASHES = ("crash before", "crash after")
STALLS = ("pause", "zombie", "hang")  # of a run's process: for some looks, until the next run, for ever
_NOTHING: Mapping[str, Callable[[], Any]] = {}
DEATHS = ("die failed", "die evicted", "die restarted")  # of a run: what the cluster makes of it


class Meddler(Protocol):
    """Who does from outside what is no matter of the port itself: time, other people."""

    def meddle(self, fault: Fault) -> None:
        """Do what the fault names, now."""
        ...


@dataclass(frozen=True)
class Port:
    """The way of one process to something outside of it."""

    injector: Injector
    life: Life
    meddler: Meddler
    failure: Callable[[str, bool, str], Exception]  # of (message, retryable, code): the port's own error
    who: str = ""  # in names of places; that of the life where empty

    def call(
        self,
        operation: str,
        name: str,
        do: Callable[[], T],
        instead: Mapping[str, Callable[[], T]] = _NOTHING,
    ) -> T:
        """Do something that may go wrong; `instead` is what is done by faults that only some calls have.

        Raises Died for a process that is gone.
        """
        self.life.check()
        fault = self.injector.due(self.who or self.life.who, operation, name)
        if fault is None:
            answer = do()
        elif fault.kind in instead:
            answer = instead[fault.kind]()
        else:
            answer = self._struck(fault, do)
        self.life.check()  # nobody is left to hear the answer
        return answer

    def _struck(self, fault: Fault, do: Callable[[], T]) -> T:
        kind = fault.kind
        if kind in CRASHES or kind in DEATHS:
            if kind != "crash before" and not (kind in DEATHS and fault.amount < 1):
                do()
            self.meddler.meddle(fault)
            self.life.die()
            raise Died(self.life.who)
        if kind == "error before":
            raise self.failure("it does not answer", True, "")
        if kind == "error after":
            do()
            raise self.failure("the answer was lost", True, "")
        if kind == "refused":
            raise self.failure("the identity may not do this", False, "forbidden")
        if kind == "503":
            raise HttpResponseError("ServerBusy: the server is busy")
        if kind == "broken off":
            do()
            raise ServiceResponseError("Connection reset by peer")
        if kind == "disk full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if kind in STALLS:
            self.meddler.meddle(fault)
            self.life.stall()
            return do()
        self.meddler.meddle(fault)
        return do()
