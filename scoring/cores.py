"""How many cores this process may use: what it is bound to, and what its container allows."""

from __future__ import annotations

import math
import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")


def usable_cores(groups: Path = _GROUPS) -> int:
    """Return the cores that this process may keep busy, >= 1, a part of one counted as a whole.

    `groups` is where Linux shows the limits of control groups, version 2 (`cpu.max`) or 1
    (`cpu/cpu.cfs_quota_us`), as containers see their own.
    """
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota(groups))))


def _quota(groups: Path) -> float:
    """Cores that the container may use on average, infinite where it is not limited."""
    try:
        words = (groups / "cpu.max").read_text().split()
    except OSError:
        try:
            words = [(groups / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")]
        except OSError:
            return math.inf
    try:
        quota, period = (int(word) for word in words)
    except ValueError:  # "max"
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf
