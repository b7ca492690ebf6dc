"""Event Grid's events of blobs, as a storage queue holds them.

Formats: CloudEvents 1.0 and the Event Grid schema, whose `data` is that of Microsoft.Storage.BlobCreated
(learn.microsoft.com/azure/event-grid/event-schema-blob-storage). A message holds one event or a list of them,
as JSON text or as base64 of it: Event Grid has written both over the years.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

BLOB_CREATED = "Microsoft.Storage.BlobCreated"

_ACCOUNT = re.compile(r"/storageAccounts/([^/]+)$", re.IGNORECASE)
_SUBJECT = re.compile(r"/blobServices/default/containers/([^/]+)/blobs/(.+)", re.DOTALL)


@dataclass(frozen=True)
class BlobEvent:
    """One event. `kind` is its type; the rest is what it says of the blob."""

    kind: str
    account: str  # "" where the event does not tell it
    container: str
    names: tuple[str, ...]  # that the blob may have, the event's own word first
    etag: str  # without quotes; "" where the event does not tell it


def read_message(body: bytes) -> list[BlobEvent]:
    """Return the events of a queue message. Raises ValueError when it is none that Event Grid writes."""
    try:
        document = json.loads(_text(body))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the message is no JSON of an event: {error}") from None
    events = cast("list[Any]", document if isinstance(document, list) else [document])
    return [_event(event) for event in events]


def _text(body: bytes) -> bytes:
    body = body.strip()
    if body[:1] in (b"{", b"["):
        return body
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError(f"neither text nor base64: {error}") from None


def _event(given: Any) -> BlobEvent:
    event = _object(given, "the event")
    kind = event.get("type") if "specversion" in event else event.get("eventType")
    if not isinstance(kind, str):
        raise ValueError("the event has no type")
    if kind != BLOB_CREATED:
        return BlobEvent(kind, "", "", (), "")
    data = _object(event.get("data"), "the event's data")
    subject, url = event.get("subject"), data.get("url")
    if not isinstance(subject, str) or not isinstance(url, str):
        raise ValueError("the event names no blob")
    found = _SUBJECT.fullmatch(subject)
    if found is None:
        raise ValueError(f"the event is of no blob: {subject[:200]}")
    origin = _ACCOUNT.search(str(event.get("source") or event.get("topic") or ""))
    etag = str(data.get("eTag") or "").strip('"')
    return BlobEvent(kind, origin[1] if origin else "", found[1], _names(found[2], found[1], url), etag)


def _names(name: str, container: str, url: str) -> tuple[str, ...]:
    """Return the blob's possible names: by subject as it is, then unescaped, then by address.

    Neither is documented to be escaped or not. Subjects were seen unescaped but for what they mangled
    (Azure-Samples/azure-event-grid-viewer issue 9), and addresses with a bare '#' that begins no fragment.
    """
    # an emulator's address has the account before the container
    path = url.split("://", 1)[-1].partition(f"/{container}/")[2]
    return tuple(dict.fromkeys(n for n in (name, unquote(name), unquote(path)) if n))


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object")
    return cast("dict[str, Any]", value)
