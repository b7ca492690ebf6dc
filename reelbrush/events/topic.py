"""One publishing to an Event Grid custom topic with the CloudEvents schema, signed in by identity."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from reelbrush.events.errors import DeliveryError

SECONDS = 5.0  # to connect, and again for the answer

# with every call, since the client of a custom topic drops such options given to its constructor
_LIMITS = {"retry_total": 0, "connection_timeout": SECONDS, "read_timeout": SECONDS}


def publish(endpoint: str, event: dict[str, Any]) -> None:
    """Publish `event` to the topic, trying once. Raises DeliveryError."""
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        publisher(endpoint).send(event, **_LIMITS)
    except AzureError as error:
        for answered in (error, error.__cause__):  # the SDK wraps a 404
            if isinstance(answered, HttpResponseError) and answered.status_code is not None:
                raise DeliveryError(f"the topic answered {answered.status_code}") from None
        reason = str(error).strip().partition("\n")[0][:200]  # also when there is no identity to sign in with
        raise DeliveryError(f"the topic cannot be reached: {reason}", unreachable=True) from None


@cache
def publisher(endpoint: str) -> Any:
    """Return the client of a topic; it keeps its token between calls."""
    from azure.eventgrid import EventGridPublisherClient
    from azure.identity import DefaultAzureCredential

    # it takes the limits for fields of the event too, and warns of each at every call
    logging.getLogger("azure.eventgrid._legacy._generated").setLevel(logging.ERROR)
    return EventGridPublisherClient(endpoint, DefaultAzureCredential())
