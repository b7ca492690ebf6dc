"""Where faults can strike: every call at a port and every commit has a name that is the same in each play."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field

_STAMP = re.compile(r"\d{13}-")
_GENERATION = re.compile(r"(index|careful)-[0-9a-f]{10}")


@dataclass(frozen=True, order=True)
class Place:
    """The `nth` (from 1) call of an operation by somebody, on a blob or a run."""

    who: str  # app, host, cluster, or "batch 2" for the processes that paint it
    operation: str
    what: str  # name without what differs from play to play
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.who} {self.operation} {self.what} #{self.nth}"


@dataclass(frozen=True)
class Fault:
    """What goes wrong at a place; `times` calls of the same caller in a row, where that makes sense."""

    place: Place
    kind: str
    times: int = 1
    amount: float = 0.0  # seconds, minutes, looks: what the kind needs

    def __str__(self) -> str:
        more = f" x{self.times}" if self.times > 1 else ""
        return f"[{self.kind}{more}{f' {self.amount:g}' if self.amount else ''} at {self.place}]"


@dataclass
class Injector:
    """Counts calls by place and says which fault is due; may be asked by many threads."""

    faults: list[Fault] = field(default_factory=list[Fault])
    job: str = ""  # its id stands as J in names
    active: bool = True
    seen: list[Place] = field(default_factory=list[Place])
    fired: list[Fault] = field(default_factory=list[Fault])
    _counts: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    _lasting: dict[str, tuple[Fault, int]] = field(default_factory=dict[str, tuple[Fault, int]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, who: str, operation: str, name: str) -> Fault | None:
        """Count a call and return its fault, None where there is none."""
        what = self.plain(name)
        with self._lock:
            key = (who, operation, what)
            self._counts[key] += 1
            place = Place(*key, self._counts[key])
            if not self.active:
                return None
            self.seen.append(place)
            lasting = self._lasting.get(who)
            if lasting is not None:
                fault, left = lasting
                self._lasting[who] = (fault, left - 1)
                if left <= 1:
                    del self._lasting[who]
                return fault
            for fault in self.faults:
                if fault.place == place:
                    self.faults.remove(fault)
                    self.fired.append(fault)
                    if fault.times > 1:
                        self._lasting[who] = (fault, fault.times - 1)
                    return fault
        return None

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self.active = False
            self._lasting.clear()

    def plain(self, name: str) -> str:
        """Return a name without job id, time and generation."""
        name = name.replace(self.job, "J") if self.job else name
        return _GENERATION.sub("G", _STAMP.sub("T-", name))
