"""A storage queue as a queue trigger sees it: messages taken for a while, put back, deleted, or given up.

azure-storage-queue is imported when a trigger needs it: without one, nobody has to install it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reelbrush.errors import HostError
from reelbrush.host.outage import ONE_TRY

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient, QueueMessage

HOLD_SECONDS = 60  # for which nobody else sees a message that was taken; renewed while its function runs
_NEVER = -1  # expires a message in the queue of poison
# of what has to be told of a message: the SDK's own pauses are longer than anybody waits for a host to stop
_SHORT_PAUSES: dict[str, Any] = {"initial_backoff": 1, "increment_base": 2, "retry_total": 2}


class QueuePlace:
    """One queue and its queue of poison. Methods call the account and block."""

    def __init__(self, connection: str, name: str, client_id: str = "") -> None:
        """Open the queue by connection string, or by https address of the queue service and own identity.

        `client_id` chooses among user-assigned identities.

        Raises:
            HostError: the connection is malformed, or azure-storage-queue is not installed.
        """
        self.name = name
        self._queue = _open(connection, name, client_id)
        self._poison = _open(connection, f"{name}-poison", client_id)

    def take(self, count: int) -> list[QueueMessage]:
        """Take up to `count` messages, at most 32; none where there is no such queue (yet).

        Raises the SDK's error of the first failure.
        """
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return list(
                self._queue.receive_messages(max_messages=count, visibility_timeout=HOLD_SECONDS, **ONE_TRY)
            )
        except ResourceNotFoundError:
            return []

    def keep(self, message: QueueMessage, seconds: int) -> None:
        """Hide a message from everybody for so long from now on."""
        renewed = self._queue.update_message(message, visibility_timeout=seconds)
        message.pop_receipt = renewed.pop_receipt

    def delete(self, message: QueueMessage) -> None:
        """Remove a message that is done; one that somebody else took meanwhile stays."""
        from azure.core.exceptions import ResourceNotFoundError

        with contextlib.suppress(ResourceNotFoundError):
            self._queue.delete_message(message)

    def give_up(self, message: QueueMessage) -> None:
        """Move a message to the queue of poison."""
        from azure.core.exceptions import ResourceExistsError

        with contextlib.suppress(ResourceExistsError):
            self._poison.create_queue()
        self._poison.send_message(message.content, time_to_live=_NEVER)
        self.delete(message)


def queue_place(connection: str, name: str, connections: Mapping[str, str]) -> QueuePlace:
    """Open queue `name` of the connection that a binding names.

    `connections` come first, then the environment as Functions reads it: `<connection>` holds a connection
    string, or `<connection>__queueServiceUri` or `__accountName` say where to sign in, as `__clientId`.

    Raises:
        HostError: there is no such connection, or it cannot be used.
    """
    named = connections.get(connection) or os.environ.get(connection)
    account = os.environ.get(f"{connection}__accountName")
    address = os.environ.get(f"{connection}__queueServiceUri") or (
        f"https://{account}.queue.core.windows.net" if account else None
    )
    where = named or address
    if not where:
        raise HostError(
            f"there is no connection '{connection}' to the queue '{name}'",
            advice=f"set {connection} to a connection string, or {connection}__queueServiceUri",
        )
    return QueuePlace(where, name, os.environ.get(f"{connection}__clientId", ""))


def _open(connection: str, name: str, client_id: str) -> QueueClient:
    try:
        from azure.storage.queue import QueueClient
    except ImportError:
        raise HostError(
            "queue triggers need azure-storage-queue", advice="pip install 'reelbrush[queue]'"
        ) from None
    if connection.startswith("https://"):
        from azure.identity import DefaultAzureCredential

        chosen = {"managed_identity_client_id": client_id} if client_id else {}
        return QueueClient(connection, name, credential=DefaultAzureCredential(**chosen), **_SHORT_PAUSES)
    try:
        return QueueClient.from_connection_string(connection, name, **_SHORT_PAUSES)
    except ValueError as error:
        # The SDK's message would repeat the connection string, which holds a key.
        raise HostError(f"the connection string to the queue '{name}' is malformed") from error
