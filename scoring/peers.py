"""Waiting for the other processes of a run, by what they leave in the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from reelbrush.errors import ScoringError
from reelbrush.job import Manifest, Segment
from reelbrush.store import Store
from scoring.ledger import published_pages
from scoring.timestamps import Timestamps

_LOG = logging.getLogger("scoring")
_POLL_SECONDS = 1.0


def wait_for_segments(
    store: Store,
    manifest: Manifest,
    segments: Sequence[Segment],
    timestamps: Timestamps,
    *,
    patience: float,
    check: Callable[[], None],
) -> None:
    """Return when all `segments` are published.

    `check` is called about once per second and may raise to end the waiting. Raises ScoringError when nothing
    new was published for `patience` seconds.
    """
    missing = list(segments)
    deadline = time.monotonic() + patience
    while True:
        pages = published_pages(store, manifest, missing, timestamps)
        if pages:
            missing = [segment for segment in missing if segment.index not in pages]
            deadline = time.monotonic() + patience
        if not missing:
            return
        check()
        if time.monotonic() > deadline:
            raise ScoringError(
                f"the other processes published nothing for {patience:.0f} s; "
                f"{len(missing)} segments are missing"
            )
        time.sleep(_POLL_SECONDS)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return True as soon as `condition()` holds, False when it does not within `seconds`.

    A condition that raises does not hold: waiting is a courtesy, and a store may come back.
    """
    deadline = time.monotonic() + seconds
    while not _holds(condition):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except Exception as error:
        _LOG.warning("cannot look at the run's other processes: %s", error)
        return False
