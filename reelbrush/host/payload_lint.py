"""Notices payloads that are too large for a durable history, where references belong instead."""

from __future__ import annotations

import logging
from dataclasses import dataclass

logger = logging.getLogger(__name__)

REFERENCE_LIMIT = 10_000
"""Bytes above which a payload should be a reference: every replay of the orchestration carries it again."""

MESSAGE_LIMIT = 45_000
"""Bytes above which Azure Storage no longer holds the payload in its queue message but in a blob of its
own.
"""


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A payload of `size` bytes (UTF-8 JSON); `role` is 'input' or 'result', `limit` the limit it passed."""

    function: str
    role: str
    instance_id: str
    size: int
    limit: int


class PayloadLint:
    """Collects findings; of each function, role and limit the first one is logged."""

    def __init__(self) -> None:
        self.findings: list[LintFinding] = []
        self._logged: set[tuple[str, str, int]] = set()

    def check(self, function: str, role: str, instance_id: str, payload: str | None) -> None:
        """Look at one payload, given as JSON text."""
        size = len((payload or "").encode())
        if size <= REFERENCE_LIMIT:
            return
        limit = MESSAGE_LIMIT if size > MESSAGE_LIMIT else REFERENCE_LIMIT
        key = (function, role, limit)
        if key not in self._logged:
            self._logged.add(key)
            self.findings.append(LintFinding(function, role, instance_id, size, limit))
            logger.warning(
                "the %s of '%s' has %d bytes (over %d): pass the name of a blob instead",
                role,
                function,
                size,
                limit,
            )
