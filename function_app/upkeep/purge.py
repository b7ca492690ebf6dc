"""Removing what ended jobs leave: first their segments, later all that is known of them."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

from azure.durable_functions import OrchestrationRuntimeStatus

from activities.finish import remove_work
from activities.marks import entries_of
from function_app.api.surface import Surface
from function_app.upkeep.by_itself import by_itself
from function_app.upkeep.instances import instance, is_active, last_change
from reelbrush.events.outbox import DEAD, WAITING
from reelbrush.job import WorkNames, ended_name, index_name, stamped_job, stamped_jobs, swept_name
from reelbrush.job.names import ENDED, INDEX, SWEPT, WORK
from reelbrush.store import Store, read_object_if_there

ROUND_SECONDS = 20.0  # of one round; what is left waits for the next
RETRY_HOURS = 1.0  # that the segments of a job without success stay at least, so that retrying is worth it

log = logging.getLogger("reelbrush.upkeep")


async def purge_ended(to: Surface) -> None:
    """Remove segments after `work_hours`, and all that is known of a job after `history_days`."""
    settings = to.services.settings
    history = timedelta(days=settings.history_days)
    work = min(timedelta(hours=max(settings.work_hours, RETRY_HOURS)), history)
    end = time.monotonic() + ROUND_SECONDS
    for folder, age in ((ENDED, work), (SWEPT, history)):
        for name in await asyncio.to_thread(_due, to, folder, age):
            if time.monotonic() > end:
                return
            await by_itself(f"purging {name}", _purge(to, name, age))
    if to.now.minute == 0:
        await _purge_strays(to, history)


def _due(to: Surface, folder: str, age: timedelta) -> list[str]:
    latest = (to.now - age).timestamp() * 1000
    names: list[str] = []
    marks = stamped_jobs(blob.name for blob in to.services.store.list(WORK, folder))  # the oldest first
    for name, moment, _ in marks:
        if moment > latest:
            break
        names.append(name)
    return names


async def _purge(to: Surface, mark: str, age: timedelta) -> None:
    """Do what is due for the job of a mark, unless it was retried since; then it has or gets a later mark."""
    ended, job = stamped_job(mark)
    store = to.services.store
    status = await instance(to, job)
    if is_active(status):
        await asyncio.to_thread(store.delete, WORK, mark)
        return
    if status is not None and last_change(status) > to.now - age:
        later = round(last_change(status).timestamp() * 1000)
        await asyncio.to_thread(store.put_bytes, WORK, ended_name(later, job), b"")
    elif mark.startswith(ENDED):
        await asyncio.to_thread(remove_work, to.services, job)
        await asyncio.to_thread(store.put_bytes, WORK, swept_name(ended, job), b"")
    else:
        await to.client.purge_instance_history(job)
        await asyncio.to_thread(_forget, to, job)
        log.info("%s is forgotten", job)
    await asyncio.to_thread(store.delete, WORK, mark)


def _forget(to: Surface, job: str) -> None:
    """Delete every blob of a job; its record last, since it says where the job is listed."""
    store, names = to.services.store, WorkNames(job)
    to.services.compute.release(job)
    for listed in _listed(store, job):
        store.delete(WORK, listed)
    for outbox in (WAITING, DEAD):
        store.delete_prefix(WORK, f"{outbox}{job}/")
    store.delete_prefix(WORK, names.prefix)


def _listed(store: Store, job: str) -> list[str]:
    """Return by which names the job is listed: as its record tells, else all that there are."""
    try:
        record = read_object_if_there(store, WORK, WorkNames(job).record)
        if record is not None:
            created = datetime.fromisoformat(record["createdAt"])
            return [index_name(round(created.timestamp() * 1000), job)]
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    return entries_of(store, INDEX, job)


async def _purge_strays(to: Surface, history: timedelta) -> None:
    """Purge instances that no mark names: those that an earlier release started."""
    ended = ("Completed", "Failed", "Terminated", "Canceled")
    states = [OrchestrationRuntimeStatus[name] for name in ended]
    first = datetime(2020, 1, 1, tzinfo=UTC)
    await to.client.purge_instance_history_by(first, to.now - history - timedelta(days=1), states)
