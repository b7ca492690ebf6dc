"""The quote of a job as it was given, kept for its receipt."""

from __future__ import annotations

import json
from typing import Any

from reelbrush.job import WorkNames
from reelbrush.job.names import WORK
from reelbrush.store import Store, read_if_there

_FIGURES = ("frames", "measured", "gpuHours", "minutes", "cost")


def keep_quote(store: Store, job: str, quote: dict[str, Any]) -> None:
    """Keep the first quote of a job that stands on measured rates, the first of all until then."""
    known = kept_quote(store, job)
    if known is None or (quote["measured"] and not known["measured"]):
        figures = {name: quote[name] for name in _FIGURES if name in quote}
        store.put_bytes(WORK, _name(job), json.dumps(figures).encode())


def kept_quote(store: Store, job: str) -> dict[str, Any] | None:
    """Return the figures of the kept quote, None when there is none."""
    text = read_if_there(store, WORK, _name(job))
    return None if text is None else json.loads(text)


def _name(job: str) -> str:
    return f"{WorkNames(job).prefix}plan/quote.json"  # in a folder, which goes with the job's work
