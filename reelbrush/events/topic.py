"""One publishing to an Event Grid custom topic with the CloudEvents schema, signed in by identity."""

from __future__ import annotations

from functools import cache
from typing import Any

from reelbrush.events.errors import DeliveryError

SECONDS = 5.0  # to connect, and again for the answer

# with every call, since the client of a custom topic drops such options given to its constructor
_LIMITS = {"retry_total": 0, "connection_timeout": SECONDS, "read_timeout": SECONDS}


def publish(endpoint: str, event: dict[str, Any]) -> None:
    """Publish `event` to the topic, trying once. Raises DeliveryError."""
    from azure.core.exceptions import AzureError, HttpResponseError
    from azure.core.messaging import CloudEvent

    try:
        publisher(endpoint).send(CloudEvent.from_dict(event), **_LIMITS)
    except HttpResponseError as error:
        raise DeliveryError(f"the topic answered {error.status_code}") from None
    except AzureError as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise DeliveryError(f"the topic cannot be reached: {reason}", unreachable=True) from None


@cache
def publisher(endpoint: str) -> Any:
    """Return the client of a topic; it keeps its token between calls."""
    from azure.eventgrid import EventGridPublisherClient
    from azure.identity import DefaultAzureCredential

    return EventGridPublisherClient(endpoint, DefaultAzureCredential())
