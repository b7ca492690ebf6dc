"""One thing that is wrong, as data."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from tests.torture.broken_builds.line import Line, no_breakage

Breakage = Callable[[Line], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Broken:
    """A build that is broken while it paints or stitches, or work that was changed in between.

    What a build does wrong it does in every round; what was changed is changed once.
    """

    name: str
    painting: Breakage = no_breakage
    stitching: Breakage = no_breakage
    before_scoring: Callable[[Line], None] | None = None
    after_scoring: Callable[[Line], None] | None = None

    @property
    def lasts(self) -> bool:
        """Whether no round does it right."""
        return self.before_scoring is None and self.after_scoring is None
