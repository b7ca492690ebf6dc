"""The quote of a job as it was given, kept for its receipt."""

from __future__ import annotations

import json
from typing import Any

from reelbrush.job import WorkNames
from reelbrush.job.names import WORK
from reelbrush.store import Store, read_object_if_there

_RANGES = ("gpuHours", "minutes", "cost")
_FIGURES = ("frames", "measured", *_RANGES)
_CHARACTERS = 1000  # of a quote, far more than any has


def keep_quote(store: Store, job: str, quote: dict[str, Any]) -> None:
    """Keep the first quote of a job that stands on measured rates, the first of all until then."""
    known = kept_quote(store, job)
    if known is None or (quote["measured"] and not known["measured"]):
        figures = {name: quote[name] for name in _FIGURES if name in quote}
        store.put_bytes(WORK, _name(job), json.dumps(figures).encode())


def kept_quote(store: Store, job: str) -> dict[str, Any] | None:
    """Return the figures of the kept quote, None when there is none that can be read."""
    found = read_object_if_there(store, WORK, _name(job))
    return found if found is not None and _is_quote(found) else None


def _is_quote(found: dict[str, Any]) -> bool:
    """Whether it has the figures of a quote, and is as small: it is carried through the job's history."""
    return (
        set(found) <= set(_FIGURES)
        and isinstance(found.get("measured"), bool)
        and isinstance(found.get("frames"), int)
        and all(isinstance(found.get(name, {}), dict) for name in _RANGES)
        and "NaN" not in (text := json.dumps(found))
        and "Infinity" not in text
        and len(text) < _CHARACTERS
    )


def _name(job: str) -> str:
    return f"{WorkNames(job).prefix}plan/quote.json"  # in a folder, which goes with the job's work
