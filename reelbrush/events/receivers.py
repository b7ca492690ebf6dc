"""Who wants the events, and who did not answer lately."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reelbrush.events import topic, webhook
from reelbrush.settings import Settings

QUIET_SECONDS = 60.0  # in which jobs do not wait for a receiver that gave no answer; the upkeep asks it again

_quiet_until: dict[str, float] = {}  # address -> time.monotonic()


@dataclass(frozen=True)
class Receiver:
    """One place to deliver to. `send` raises DeliveryError."""

    name: str  # `webhook` or `topic`
    address: str
    send: Callable[[dict[str, Any]], None]

    def note(self, *, answered: bool) -> None:
        """Remember for this process whether the receiver answered just now."""
        if answered:
            _quiet_until.pop(self.address, None)
        else:
            _quiet_until[self.address] = time.monotonic() + QUIET_SECONDS

    @property
    def is_quiet(self) -> bool:
        """Whether it gave no answer within the last minute."""
        return time.monotonic() < _quiet_until.get(self.address, 0.0)


def receivers_of(settings: Settings) -> dict[str, Receiver]:
    """Return the configured receivers by name."""
    found: list[Receiver] = []
    if settings.webhook_url:
        url, secret = settings.webhook_url, settings.webhook_secret
        found.append(Receiver("webhook", url, lambda event: webhook.post(url, secret, event)))
    if settings.events_topic:
        endpoint = settings.events_topic
        found.append(Receiver("topic", endpoint, lambda event: topic.publish(endpoint, event)))
    return {receiver.name: receiver for receiver in found}
