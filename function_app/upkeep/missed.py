"""Uploads that nobody told: jobs for blobs in `input/` whose event was lost before the app was called.

Once an hour the container is listed, page by page and some seconds of each minute, so that a million blobs
cost a few hundred requests. Only what came since the look before is looked at more closely. What is doubtful
is left alone, since a job costs money: a name that has a job already, whatever its version or its wishes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from function_app.accept import accept_upload
from function_app.api.surface import Surface
from function_app.asked import plain_job
from function_app.upkeep.known_sources import KnownSources
from function_app.uploads import container_is_scanned
from reelbrush.errors import StoreError
from reelbrush.job import starts_job
from reelbrush.job.names import INPUT, LOOKED, WORK
from reelbrush.store import Store, read_object_if_there

EVERY = timedelta(hours=1)
PATIENCE = timedelta(minutes=15)  # that an event has, since each may come late
OVERLAP = timedelta(minutes=10)  # of two looks, for clocks that differ
MARGIN = timedelta(hours=4)  # before a job may be forgotten, after which its upload would look like a new one
ROUND_SECONDS = 5.0  # of each minute
PAGE = 5000  # blobs, as many as one request can list

log = logging.getLogger("reelbrush.uploads")


@dataclass(frozen=True)
class Look:
    """How far the looks at the container came; moments are aware.

    What came before `since` is settled. `began` is when the latest look began, `token` its next page, None
    when it has ended, `after` the last name on that page that is settled.
    """

    since: datetime
    began: datetime
    token: str | None = None
    after: str = ""


async def start_missed(to: Surface) -> None:
    """Go on looking for uploads without a job and start theirs, where the host waits for events.

    The first call only notes its moment: what was there before the app is not the app's.
    """
    if container_is_scanned():
        return
    store = to.services.store
    look = await asyncio.to_thread(_latest, store)
    if look is None or look.began > to.now:  # a clock that was set back begins anew
        since = to.now if look is None else min(look.since, to.now)
        await asyncio.to_thread(_note, store, Look(since, to.now))
        return
    if look.token is None:
        if to.now - look.began < EVERY:
            return
        look = Look(look.since, to.now, "")
    oldest = to.now - timedelta(days=to.services.settings.history_days) + MARGIN
    span = (max(oldest, look.since - OVERLAP), look.began - PATIENCE)
    known = KnownSources(store, span[0] - OVERLAP)
    end = time.monotonic() + ROUND_SECONDS
    while look.token is not None:
        look = await _page(to, look, span, known, end)
        await asyncio.to_thread(_note, store, look)
        if time.monotonic() > end:
            return


async def _page(
    to: Surface, look: Look, span: tuple[datetime, datetime], known: KnownSources, end: float
) -> Look:
    """Start what is missing on the next page; return how far the look is then, one blob farther at least."""
    settings, store, token = to.services.settings, to.services.store, look.token or ""
    try:
        page = await asyncio.to_thread(store.list_page, INPUT, "", PAGE, token, changed=span)
    except StoreError as error:
        if error.code != "bad-token":
            raise
        return replace(look, token="", after="")
    names = [source.name for source in page.blobs]
    first = names.index(look.after) + 1 if look.after in names else 0
    for source in page.blobs[first:]:
        # folders of accounts with a hierarchy are blobs without a byte
        if not source.size or not starts_job(source.name):
            continue
        if not await asyncio.to_thread(known.has, source, plain_job(settings, source).id):
            start = await accept_upload(to.client, settings, store, source)
            if start.started:
                log.warning("%s was started by the upkeep: nobody told of its upload", start.job.id)
        if time.monotonic() > end:  # the rest of the page in a minute
            return replace(look, after=source.name)
    return replace(look, token=page.next, after="") if page.next else Look(span[1], look.began)


def _latest(store: Store) -> Look | None:
    """Return how far the last look came; None where that is not known, and the next begins anew."""
    try:
        said = read_object_if_there(store, WORK, LOOKED) or {}
        since, began = (datetime.fromisoformat(said[name]) for name in ("since", "began"))
        token, after = said["token"], said.get("after", "")
    except (KeyError, TypeError, ValueError):
        return None
    whole = since.tzinfo is not None and began.tzinfo is not None and isinstance(token, str | None)
    return Look(since, began, token, after if isinstance(after, str) else "") if whole else None


def _note(store: Store, look: Look) -> None:
    said = {"since": look.since.isoformat(), "began": look.began.isoformat()}
    said |= {"token": look.token, "after": look.after}
    store.put_bytes(WORK, LOOKED, json.dumps(said).encode())
