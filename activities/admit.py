"""Admit: whose turn it is among the jobs that wait."""

from __future__ import annotations

import asyncio
from typing import Any

import azure.durable_functions as df

from activities.marks import is_canceled
from activities.services import Services, services
from reelbrush.job import stamped_jobs
from reelbrush.job.names import QUEUE, WORK

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="admit_job")
async def admit_job(request: dict) -> dict:  # type: ignore[type-arg]
    """Return {"ahead": jobs to end first, 0: go on} or {"canceled"}. Request: {"job": id, "ticket"}."""
    return await asyncio.to_thread(admit, services(), str(request["job"]), str(request["ticket"]))


def admit(to: Services, job: str, ticket: str) -> dict[str, Any]:
    """Say whether the job is among the first `max_jobs` tickets; a ticket that got lost is put back.

    An older ticket of the job itself, left by a try that was canceled, keeps no place before it.
    A ticket that is written late, with an earlier time than one that was admitted meanwhile, is admitted too:
    the limit can be passed by as many jobs as are being asked for at that very moment.
    """
    if is_canceled(to.store, job):
        return {"canceled": True}
    queue = [blob.name for blob in to.store.list(WORK, QUEUE)]
    if ticket not in queue:
        to.store.put_bytes(WORK, ticket, b"")
        if is_canceled(to.store, job):  # meanwhile, which is why the ticket was gone
            to.store.delete(WORK, ticket)
            return {"canceled": True}
    queue = sorted({ticket, *(name for name, _, owner in stamped_jobs(queue) if owner != job)})
    limit = to.settings.max_jobs
    return {"ahead": max(0, queue.index(ticket) - limit + 1) if limit else 0}
