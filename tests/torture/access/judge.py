"""One try: it held, or something got out."""

from __future__ import annotations

from tests.torture.toll import Toll


def held(toll: Toll, as_promised: bool, what: object) -> None:
    """Count a try that ended `as_promised`, or else tell `what` got out."""
    if as_promised:
        toll.survived()
    else:
        toll.leaked(str(what))
