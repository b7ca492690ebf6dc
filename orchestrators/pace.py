"""When to look at the runs again: seldom in the middle of a long job, soon when its end is near."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

NEAREST = 8  # the shortest pause is this part of the longest


def poll_pause(longest: float, total: int, done: int, since: Sequence[Any], now: datetime) -> timedelta:
    """Return the pause before the next poll, `longest` / NEAREST to `longest` seconds, both inclusive.

    It is half of the time that the remaining frames will take at the rate seen since `since`: the moment of
    the first poll (ISO 8601) and the frames that were done then. Without a rate it is `longest`.
    """
    began, before = datetime.fromisoformat(since[0]), int(since[1])
    elapsed = (now - began).total_seconds()
    if done <= before or elapsed <= 0:
        return timedelta(seconds=longest)
    remaining = (total - done) * elapsed / (done - before)
    return timedelta(seconds=min(longest, max(longest / NEAREST, remaining / 2)))
