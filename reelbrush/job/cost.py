"""What a job costs, as an estimate from the time that nodes worked on it."""

from __future__ import annotations

from typing import Any


def estimated_cost(node_seconds: float, price: float, currency: str) -> dict[str, Any]:
    """Return {"estimate", "currency"} of `node_seconds` at `price` per node and hour, in units of 1/10000."""
    return {"estimate": round(node_seconds * price / 3600, 4), "currency": currency}
