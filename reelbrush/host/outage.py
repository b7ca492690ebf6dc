"""An account that cannot be reached: asked rarely meanwhile, and told when it begins and when it ends."""

from __future__ import annotations

import logging
from typing import Any

_LONGEST_PAUSE = 10.0  # seconds; whoever brings the account back waits no longer for the next look

# Options of requests that a watch repeats anyway. The SDK would try for more than a minute in silence, and
# whoever stops the host would have to wait for it.
ONE_TRY: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5}


class Outage:
    """What a watch knows of the failures of its looks at `what`, words for the log."""

    def __init__(self, what: str, logger: logging.Logger, first_pause: float) -> None:
        """`first_pause` seconds, above 0, lie between the first failure and the next look."""
        self._what = what
        self._logger = logger
        self._first_pause = first_pause
        self._failures = 0

    def failed(self, error: Exception) -> float:
        """Take note of a failure and return how many seconds to wait: doubled each time, up to 10."""
        if not self._failures:
            self._logger.warning("%s cannot be read, trying again: %s", self._what, error)
        pause = min(self._first_pause * 2 ** min(self._failures, 20), _LONGEST_PAUSE)
        self._failures += 1
        return max(pause, self._first_pause)

    def over(self) -> None:
        """Take note of a look that succeeded."""
        if self._failures:
            self._logger.warning("%s can be read again", self._what)
            self._failures = 0
