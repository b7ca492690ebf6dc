"""What a test needs and the machine has not: the test is skipped, but never in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """Skip the test for `reason`; with REELBRUSH_CI=1, as .ci/run sets it, fail instead."""
    if os.environ.get("REELBRUSH_CI") == "1":
        pytest.fail(f"in CI everything is there: {reason}")
    pytest.skip(reason)
