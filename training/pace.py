"""How many steps fit into a time budget, from the pace of the steps that were taken."""

from collections import deque
from dataclasses import dataclass, field

PROBES = 12
"""Steps that are measured before the first plan; the very first one of a session does not count."""

LOOK_AGAIN = 50
"""Steps between two looks at whether the plan still holds: other programs may come and go."""

LATE, EARLY = 0.03, 0.1
"""Parts of the budget by which the end may be expected after it, or before it, and the plan still stays."""

MOST = 12_000
"""Steps of a plan, inclusive. Losses are flat long before; a fast device is done before its time is over."""


@dataclass
class Pace:
    """Durations of the latest steps of one session.

    budget: seconds for everything, sessions before this one included, or None when the number of steps is
    fixed. planned: whether an earlier session made a plan already.
    """

    budget: float | None
    planned: bool = False
    _latest: deque[float] = field(default_factory=lambda: deque[float](maxlen=LOOK_AGAIN))
    _taken: int = 0

    def took(self, seconds: float) -> None:
        """Take note of one step with the whole loss."""
        self._taken += 1
        if self._taken > 1:
            self._latest.append(seconds)

    @property
    def seconds_per_step(self) -> float | None:
        """Mean of the latest steps; None before PROBES of them."""
        return sum(self._latest) / len(self._latest) if len(self._latest) >= PROBES else None

    def plan(self, done: int, planned: int, spent: float) -> int | None:
        """The number of steps to change the plan to, or None when it may stay.

        done: steps so far with the whole loss, planned: those of the present plan, spent: seconds so far.
        A plan becomes longer only in its first half: late steps are small ones, made for ending.
        """
        pace = self.seconds_per_step
        if self.budget is None or pace is None or (self.planned and self._taken % LOOK_AGAIN):
            return None
        possible = min(MOST, done + int(max(0.0, min(MOST, (self.budget - spent) / pace))))
        first, self.planned = not self.planned, True
        over = spent + (planned - done) * pace - self.budget
        misses = over > LATE * self.budget or over < -EARLY * self.budget
        allowed = possible < planned or first or done < planned / 2
        return possible if possible != planned and (first or misses) and allowed else None
