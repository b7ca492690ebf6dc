"""What health tells of the cluster: the findings of a preflight, made in the background, kept for a while."""

from __future__ import annotations

import logging
import threading
import time
from functools import lru_cache
from typing import Any

from reelbrush.compute import Compute, Finding

EVERY = 300.0  # seconds between two preflights, however often health is asked for
PATIENCE = 3.0  # seconds that the one request waits which began the first preflight
_NO_ANSWER = frozenset({"unavailable", "throttled"})  # findings that tell nothing of the cluster

log = logging.getLogger("reelbrush.api")


class ComputeHealth:
    """The latest preflight of one backend. Safe for many threads."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._lock = threading.Lock()
        self._told: dict[str, Any] | None = None
        self._told_at = self._begun_at = float("-inf")  # of the monotonic clock
        self._thread: threading.Thread | None = None

    def latest(self) -> dict[str, Any]:
        """Return {"status": ok | problems | unknown, "problems": codes}, and see that it stays fresh.

        Blocks for `PATIENCE` at most, and only the call that began a preflight while nothing fresh is known.
        """
        with self._lock:
            now = time.monotonic()
            running = self._thread is not None and self._thread.is_alive()
            begun = None
            if not running and now - self._begun_at >= EVERY:
                self._begun_at = now
                begun = self._thread = threading.Thread(target=self._ask, name="preflight", daemon=True)
                begun.start()
            fresh = self._fresh(now)
        if begun is not None and fresh is None:
            begun.join(PATIENCE)
            with self._lock:
                fresh = self._fresh(time.monotonic())
        return fresh or {"status": "unknown", "problems": []}

    def _fresh(self, now: float) -> dict[str, Any] | None:
        return self._told if now - self._told_at < 2 * EVERY else None

    def _ask(self) -> None:
        try:
            told = _document(self._compute.preflight())
        except Exception as error:  # whatever it was, health goes on
            log.warning("the preflight failed: %s: %s", type(error).__name__, error)
            told = {"status": "unknown", "problems": []}
        with self._lock:
            changed = told != self._told
            self._told, self._told_at = told, time.monotonic()
        if changed and told["problems"]:
            log.warning("the cluster has problems: %s", ", ".join(told["problems"]))


@lru_cache(maxsize=8)
def compute_health(compute: Compute) -> ComputeHealth:
    """Return the one health of a backend."""
    return ComputeHealth(compute)


def _document(findings: list[Finding]) -> dict[str, Any]:
    codes = list(dict.fromkeys(finding.code for finding in findings))
    if not codes:
        return {"status": "ok", "problems": []}
    return {"status": "unknown" if _NO_ANSWER.issuperset(codes) else "problems", "problems": codes}
