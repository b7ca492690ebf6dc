"""Events of blobs as Event Grid writes them (learn.microsoft.com, event-grid/event-schema-blob-storage)."""

from __future__ import annotations

import base64
import json
from typing import Any

ACCOUNT = "devstoreaccount1"
_TOPIC = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/"


def grid_event(
    name: str,
    *,
    container: str = "input",
    account: str = ACCOUNT,
    etag: str = "0x8D4BCC2E4835CD0",
    url: str = "",
) -> dict[str, Any]:
    """Return Microsoft.Storage.BlobCreated in Event Grid's own schema; `url` stands for the usual address."""
    return {
        "topic": _TOPIC + account,
        "subject": f"/blobServices/default/containers/{container}/blobs/{name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "id": "831e1650-001e-001b-66ab-eeb76e069631",
        "data": {
            "api": "PutBlockList",
            "clientRequestId": "6d79dbfb-0e37-4fc4-981f-442c9ca65760",
            "requestId": "831e1650-001e-001b-66ab-eeb76e000000",
            "eTag": etag,
            "contentType": "video/mp4",
            "contentLength": 524288,
            "blobType": "BlockBlob",
            "url": url or f"https://{account}.blob.core.windows.net/{container}/{name}",
            "sequencer": "00000000000004420000000000028963",
            "storageDiagnostics": {"batchId": "b68529f3-68cd-4744-baa4-3c0498ec19f0"},
        },
        "dataVersion": "",
        "metadataVersion": "1",
        "eventTime": "2026-06-26T18:41:00.9584103Z",
    }


def cloud_event(name: str, **options: Any) -> dict[str, Any]:
    """Return the same as a CloudEvent 1.0."""
    event = grid_event(name, **options)
    return {
        "source": event["topic"],
        "subject": event["subject"],
        "type": event["eventType"],
        "time": event["eventTime"],
        "id": event["id"],
        "data": event["data"],
        "specversion": "1.0",
    }


def in_base64(event: Any) -> str:
    """Return a queue's message with that event (or list of events), in base64."""
    return base64.b64encode(json.dumps(event, ensure_ascii=False).encode()).decode()
