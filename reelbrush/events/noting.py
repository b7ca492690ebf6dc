"""What telemetry learns of an event: a count, and at the span that tells the event what it says."""

from __future__ import annotations

import os
from typing import Any, cast
from urllib.parse import quote

from reelbrush.telemetry import annotate, count_event, names

ERROR_CHARACTERS = 1000  # of an error's text that is sent along


def note_event(job: str, kind: str, data: dict[str, Any]) -> None:
    """Count an event of a job and put what it says at the current span; `kind` is one of `TYPES`."""
    error = cast("dict[str, Any]", data.get("error") or {})
    code = str(error.get("code", ""))
    count_event(kind, code)
    annotate(
        {
            names.KIND: kind,
            names.STYLE: str(data.get("style", "")),
            names.CODE: code,
            names.ERROR: str(error.get("message", data.get("summary", "")))[:ERROR_CHARACTERS],
            names.LINK: _page(job),
        }
    )


def _page(job: str) -> str:
    """Return the address of a job's page, "" where the app does not know its own."""
    host = os.environ.get("WEBSITE_HOSTNAME", "")  # set by Azure
    return f"https://{host}/#/jobs/{quote(job, safe='')}" if host else ""
