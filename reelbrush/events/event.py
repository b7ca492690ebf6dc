"""One event as a CloudEvents 1.0 document, and its id."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

TYPES = ("started", "approval", "finished", "failed", "cancelled", "stuck")
PREFIX = "reelbrush.job."  # begins the `type` of every event


def event_id(job: str, attempt: int, kind: str) -> str:
    """Return the id by which receivers know duplicates: the same for every delivery of the same happening.

    `attempt` is the number of the job's retry, 0 for its first run; `kind` is one of `TYPES`.
    """
    return f"{job}/{attempt}/{kind}"


def cloud_event(job: str, attempt: int, kind: str, data: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Return the event document; `at` is an aware time. Raises ValueError for an unknown kind."""
    if kind not in TYPES:
        raise ValueError(f"{kind!r} is no kind of event: {', '.join(TYPES)}")
    return {
        "specversion": "1.0",
        "id": event_id(job, attempt, kind),
        "source": _source(),
        "type": PREFIX + kind,
        "subject": job,
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"job": job, "retry": attempt, **data},
    }


def _source() -> str:
    host = os.environ.get("WEBSITE_HOSTNAME", "")  # set by Azure
    return f"//{host}/api/jobs" if host else "/api/jobs"
