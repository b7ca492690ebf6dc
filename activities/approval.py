"""Approval: whether somebody has agreed to what a job costs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from math import inf
from typing import Any

import azure.durable_functions as df

from activities.marks import is_canceled
from activities.services import Services, services
from reelbrush.job import WorkNames
from reelbrush.job.names import WORK
from reelbrush.store import read_object_if_there

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="await_approval")
async def await_approval(request: dict) -> dict:  # type: ignore[type-arg]
    """Return {"approved": bool} or {"canceled"}. Request: {"job", "ticket", "seen", "since"}."""
    return await asyncio.to_thread(look_for_approval, services(), request)


def look_for_approval(to: Services, request: dict[str, Any]) -> dict[str, Any]:
    """Say whether the job was approved anew; meanwhile its ticket stands in nobody's way.

    `seen` is the moment of the approval that the plan knew, "" where there was none. Jobs of earlier releases
    have the moment of the plan, `since`, instead.
    """
    job = str(request["job"])
    if is_canceled(to.store, job):
        return {"canceled": True}
    to.store.delete(WORK, str(request["ticket"]))
    approval = approval_of(to, job)
    if approval is None:
        return {"approved": False}
    # the plan's clock and that of who approves may differ: only which approval it is counts
    if request.get("seen") is not None:
        return {"approved": approval["at"] != request["seen"]}
    since = datetime.fromisoformat(request["since"])
    return {"approved": datetime.fromisoformat(approval["at"]) > since}


def approve_job(to: Services, job: str, max_cost: float | None) -> bool:
    """Agree to what a job costs, up to `max_cost` in the currency of the settings; None means whatever.

    A later approval replaces an earlier one, and a retry of the job keeps it. False when the job is canceled.
    """
    if is_canceled(to.store, job):
        return False
    document: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds")}
    if max_cost is not None:
        document["maxCost"] = max_cost
    to.store.put_bytes(WORK, WorkNames(job).approved, json.dumps(document).encode())
    return True


def approval_of(to: Services, job: str) -> dict[str, Any] | None:
    """Return the approval of a job: {"at": ISO 8601 with zone, "maxCost"?: >= 0}; None when there is none.

    One that nobody of ours wrote like that agrees to nothing.
    """
    found = read_object_if_there(to.store, WORK, WorkNames(job).approved)
    return found if found is not None and _is_approval(found) else None


def _is_approval(found: dict[str, Any]) -> bool:
    try:
        moment, most = datetime.fromisoformat(found["at"]), found.get("maxCost", 0)
        is_number = isinstance(most, int | float) and not isinstance(most, bool)
        return moment.tzinfo is not None and is_number and 0 <= float(most) < inf
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
