"""Turns a message of a storage queue into what a queue trigger's parameter receives."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage


def queue_argument(message: QueueMessage, *, is_base64: bool) -> Any:
    """Return an `azure.functions.QueueMessage`; `is_base64` is host.json's extensions.queues.messageEncoding.

    Raises:
        ValueError: base64 is expected and the message is none; the host in Azure gives it up as well.
    """
    from azure.functions.meta import Datum
    from azure.functions.queue import QueueMessageInConverter

    text = str(message.content)
    if is_base64:
        try:
            text = base64.b64decode(text, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(f"the message is no base64 of text: {error}") from None
    facts = {
        "Id": message.id,
        "DequeueCount": message.dequeue_count,
        "ExpirationTime": message.expires_on and message.expires_on.isoformat(),
        "InsertionTime": message.inserted_on and message.inserted_on.isoformat(),
        "NextVisibleTime": message.next_visible_on and message.next_visible_on.isoformat(),
        "PopReceipt": message.pop_receipt,
    }
    metadata = {name: Datum(json.dumps(value), "json") for name, value in facts.items() if value is not None}
    return QueueMessageInConverter.decode(Datum(text, "string"), trigger_metadata=metadata)
