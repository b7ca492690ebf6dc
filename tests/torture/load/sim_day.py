"""What happens on a simulated day: who uploads what and when, and what goes wrong meanwhile."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

NIGHT = range(0, 6)  # hours with few uploads
PER_HOUR, PER_HOUR_AT_NIGHT, BURST = 1.6, 0.3, 8
BETWEEN_OUTAGES = timedelta(minutes=40)  # several looks at the cluster
# days on which clocks or calendars are changed: leap day, summer time, new year
STARTS = (
    datetime(2028, 2, 28, 15, tzinfo=UTC),
    datetime(2026, 3, 28, 20, tzinfo=UTC),
    datetime(2026, 12, 31, 12, tzinfo=UTC),
)

Kind = Literal["upload", "no video", "untold", "cancel", "restart", "clock"]


@dataclass(frozen=True)
class Happening:
    """Something that happens `at` a moment since the beginning; `step` is how the wall clock is set."""

    at: timedelta
    kind: Kind
    step: timedelta = timedelta()


def happenings(seed: int, length: timedelta) -> list[Happening]:
    """Return what happens on the day of that seed and length, in order.

    Uploads come at random, fewer at night, and in two bursts; one in twelve is no video, of one in ten
    nobody tells the app, and some jobs are canceled. The host restarts three times. The wall clock is set
    back by an hour once and forward by a day once.
    """
    chance = random.Random(seed)
    found: list[Happening] = []
    at = timedelta()
    while at < length:
        hour = (STARTS[seed % len(STARTS)] + at).hour
        at += timedelta(hours=chance.expovariate(PER_HOUR_AT_NIGHT if hour in NIGHT else PER_HOUR))
        found.append(Happening(at, _upload(chance)))
    for _ in range(2):
        at = chance.random() * 0.9 * length
        found += [Happening(at, _upload(chance)) for _ in range(BURST)]
    found += [Happening(chance.random() * length, "cancel") for _ in range(3)]
    found += [Happening(chance.random() * length, "restart") for _ in range(3)]
    found.append(Happening(chance.uniform(0.2, 0.5) * length, "clock", timedelta(hours=-1)))
    found.append(Happening(chance.uniform(0.6, 0.9) * length, "clock", timedelta(days=1)))
    return sorted((one for one in found if one.at < length), key=lambda happening: happening.at)


def outages(seed: int, length: timedelta) -> list[tuple[timedelta, timedelta]]:
    """Return when the cluster cannot be asked: up to three times, never for the two hours that jobs bear."""
    chance = random.Random(seed + 1000)
    begins = [chance.random() * length for _ in range(3)]
    apart: list[tuple[timedelta, timedelta]] = []
    for begin, end in sorted((begin, begin + timedelta(minutes=chance.uniform(5, 80))) for begin in begins):
        if not apart or begin > apart[-1][1] + BETWEEN_OUTAGES:
            apart.append((begin, end))
    return apart


def _upload(chance: random.Random) -> Kind:
    return chance.choices(("upload", "no video", "untold"), (0.82, 0.08, 0.1))[0]
