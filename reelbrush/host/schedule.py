"""Schedules of timer triggers: NCRONTAB expressions of six fields, in UTC, and plain intervals."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from reelbrush.errors import HostError

_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {},
    {name: number for number, name in enumerate(_MONTHS, 1)},
    {name: number for number, name in enumerate(_WEEKDAYS)},
)
_FIELD = re.compile(r"(\*|(\w+)(?:-(\w+))?)(?:/(\d+))?")
_HORIZON = timedelta(days=366 * 8)


class Schedule:
    """`{second} {minute} {hour} {day} {month} {day of week}`, or an interval such as `01:30:00`."""

    def __init__(self, expression: str) -> None:
        """Parse an expression with `*`, numbers, names, `a-b`, `/step` and commas.

        Raises:
            HostError: the expression cannot be understood.
        """
        self._interval: timedelta | None = None
        self._fields: list[frozenset[int]] = []
        interval = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})", expression)
        if interval is not None:
            days, hours, minutes, seconds = (int(part or 0) for part in interval.groups())
            self._interval = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            if not self._interval:
                raise HostError(f"the schedule '{expression}' has no length")
            return
        parts = expression.split()
        # A crontab of five fields means second 0, as in the Functions host.
        if len(parts) == 5:
            parts.insert(0, "0")
        if len(parts) != 6:
            raise HostError(f"the schedule '{expression}' has {len(parts)} fields, not 6")
        self._fields = [_values(part, index, expression) for index, part in enumerate(parts)]

    def next(self, after: datetime) -> datetime:
        """Return the first moment of the schedule that is later than `after`, in whole seconds (intervals
        apart).

        Raises:
            HostError: the schedule names a day that never comes.
        """
        if self._interval is not None:
            return after + self._interval
        seconds, minutes, hours, days, months, weekdays = self._fields
        at = after.replace(microsecond=0) + timedelta(seconds=1)
        while at - after < _HORIZON:
            if at.month not in months or at.day not in days or at.isoweekday() % 7 not in weekdays:
                at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif at.hour not in hours:
                at = at.replace(minute=0, second=0) + timedelta(hours=1)
            elif at.minute not in minutes:
                at = at.replace(second=0) + timedelta(minutes=1)
            elif at.second not in seconds:
                at += timedelta(seconds=1)
            else:
                return at
        raise HostError("a timer's schedule names a day that never comes")


def _values(part: str, index: int, expression: str) -> frozenset[int]:
    low, high = _RANGES[index]
    values: set[int] = set()
    for piece in part.lower().split(","):
        match = _FIELD.fullmatch(piece)
        if match is None:
            raise HostError(f"'{piece}' in the schedule '{expression}' cannot be understood")
        whole, first, last, step = match.groups()
        if whole == "*":
            start, end = low, high
        else:
            start = _number(first, index, expression)
            end = _number(last, index, expression) if last else (high if step else start)
        if start > end or int(step or 1) < 1:
            raise HostError(f"'{piece}' in the schedule '{expression}' is empty")
        values.update(range(start, end + 1, int(step or 1)))
    return frozenset(values)


def _number(text: str, index: int, expression: str) -> int:
    low, high = _RANGES[index]
    value = _NAMES[index].get(text)
    if value is None and text.isdigit():
        value = int(text) % 7 if index == 5 and text == "7" else int(text)
    if value is None or not low <= value <= high:
        raise HostError(f"'{text}' in the schedule '{expression}' is not between {low} and {high}")
    return value
