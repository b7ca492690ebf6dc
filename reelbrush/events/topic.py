"""One publishing to an Event Grid custom topic with the CloudEvents schema, signed in by identity."""

from __future__ import annotations

from functools import cache
from typing import Any

from reelbrush.events.errors import DeliveryError

SECONDS = 5.0  # to connect, and again for the answer


def publish(endpoint: str, event: dict[str, Any], client: Any = None) -> None:
    """Publish `event` to the topic. Raises DeliveryError. `client` replaces the one made of the identity."""
    from azure.core.exceptions import AzureError, HttpResponseError
    from azure.core.messaging import CloudEvent

    try:
        (client or publisher(endpoint)).send(CloudEvent.from_dict(event))
    except HttpResponseError as error:
        raise DeliveryError(f"the topic answered {error.status_code}") from None
    except AzureError as error:
        raise DeliveryError(
            f"the topic cannot be reached: {type(error).__name__}", unreachable=True
        ) from None


@cache
def publisher(endpoint: str) -> Any:
    """Return the client of a topic; it keeps its token between calls."""
    from azure.identity import DefaultAzureCredential

    return open_publisher(endpoint, DefaultAzureCredential())


def open_publisher(endpoint: str, credential: Any, **options: Any) -> Any:
    """Return a new client of a topic; `options` are azure-core's. It tries once: the outbox tries again."""
    from azure.eventgrid import EventGridPublisherClient

    limits = {"retry_total": 0, "connection_timeout": SECONDS, "read_timeout": SECONDS}
    return EventGridPublisherClient(endpoint, credential, **limits, **options)
