"""Why a delivery did not succeed."""

from __future__ import annotations


class DeliveryError(Exception):
    """A receiver did not take an event.

    `unreachable` is True when nobody answered in time, so that trying other events now would be in vain;
    `final` is True when the receiver wants no events any more (410), so that trying again is of no use.
    """

    def __init__(self, message: str, *, unreachable: bool = False, final: bool = False) -> None:
        super().__init__(message)
        self.unreachable, self.final = unreachable, final
