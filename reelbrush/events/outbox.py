"""The outbox: an event is written down before it is sent, and stays until every receiver has taken it.

`work/.events/<job>/<retry>/<kind>.json` waits, `work/.events-dead/...` was given up after a day of trying.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from reelbrush.errors import StoreError
from reelbrush.events.errors import DeliveryError
from reelbrush.events.event import cloud_event, event_id
from reelbrush.events.noting import note_event
from reelbrush.events.receivers import Receiver, receivers_of
from reelbrush.job import to_json
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import Store

WAITING, DEAD = ".events/", ".events-dead/"  # begin the blob names
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3600.0  # seconds between two tries, doubled each time
GIVE_UP = 24 * 3600.0  # seconds after the event
SLOT_SECONDS = 0.2  # that a job waits while others deliver
ROUND_SECONDS = 40.0  # of one redelivery round; what is left waits for the next

log = logging.getLogger("reelbrush.events")
_slots = threading.BoundedSemaphore(2)  # a slow receiver must not hold all threads that serve steps and calls


@dataclass(frozen=True)
class Entry:
    """An event that not every receiver has taken yet."""

    event: dict[str, Any]
    open: tuple[str, ...]  # receivers that have not taken it
    since: float  # seconds since 1970
    due: float  # of the next try, seconds since 1970
    tries: int = 0


def tell(
    store: Store, settings: Settings, job: str, type: str, data: dict[str, Any], attempt: int = 0
) -> None:
    """Write an event down and try to deliver it once; `type` is one of `TYPES`, `attempt` the job's retry.

    The same call again is the same event, with the first call's content while it waits. Nothing is written
    when no receiver is configured. A receiver that fails raises nothing, `redeliver` tries again; so it does
    for receivers that are quiet or busy, since the caller's job is waiting. Raises StoreError when the event
    cannot be written down, ValueError for an unknown type.
    """
    now = datetime.now(UTC)
    event = cloud_event(job, attempt, type, data, now)
    note_event(job, type, data)
    receivers = receivers_of(settings)
    if not receivers:
        return
    name = f"{WAITING}{event_id(job, attempt, type)}.json"
    at = now.timestamp()
    entry = Entry(event, tuple(receivers), since=at, due=at + FIRST_PAUSE)
    if not store.put_new_bytes(WORK, name, _text(entry)):
        known = _read(store, name)
        if known is None:
            return
        entry = known
    if not _slots.acquire(timeout=SLOT_SECONDS):
        return
    try:
        _deliver(store, name, entry, receivers, at, {r.name for r in receivers.values() if r.is_quiet})
    finally:
        _slots.release()


def redeliver(store: Store, settings: Settings, now: datetime) -> int:
    """Try all events that are due at `now` (aware) again; return how many were delivered.

    The pause doubles from 30 seconds to an hour; after a day an event is moved to `work/.events-dead/`. One
    round takes at most about 45 seconds and asks a receiver that does not answer only once.
    """
    receivers, at = receivers_of(settings), now.timestamp()
    end = time.monotonic() + ROUND_SECONDS
    silent: set[str] = set()
    delivered = 0
    for blob in store.list(WORK, WAITING):
        if time.monotonic() > end or (receivers and silent >= set(receivers)):
            break
        entry = _read(store, blob.name)
        if entry is None or entry.due > at:
            continue
        if entry.tries and at - entry.since >= GIVE_UP:
            _give_up(store, blob.name, entry)
        elif _deliver(store, blob.name, entry, receivers, at, silent):
            delivered += 1
    return delivered


def _deliver(
    store: Store, name: str, entry: Entry, receivers: dict[str, Receiver], at: float, silent: set[str]
) -> bool:
    """Send to every open receiver that is not `silent`, note the rest; return whether all have taken it."""
    left: list[str] = []
    for receiver in (receivers[name] for name in entry.open if name in receivers):
        if receiver.name in silent or not _taken(receiver, entry.event, silent):
            left.append(receiver.name)
    if not left:
        store.delete(WORK, name)
        return True
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**entry.tries)
    later = replace(entry, open=tuple(left), due=at + pause, tries=entry.tries + 1)
    store.put_bytes(WORK, name, _text(later))
    return False


def _taken(receiver: Receiver, event: dict[str, Any], silent: set[str]) -> bool:
    """Send; return whether this event is done with. A receiver that gives no answer is added to `silent`."""
    try:
        receiver.send(event)
    except DeliveryError as error:
        log.warning("%s: the %s did not take it: %s", event["id"], receiver.name, error)
        receiver.note(answered=not error.unreachable)
        if error.unreachable:
            silent.add(receiver.name)
        return error.final
    receiver.note(answered=True)
    return True


def _give_up(store: Store, name: str, entry: Entry) -> None:
    store.put_bytes(WORK, DEAD + name.removeprefix(WAITING), _text(entry))
    store.delete(WORK, name)
    log.warning("%s: given up after %d tries", entry.event["id"], entry.tries)


def _read(store: Store, name: str) -> Entry | None:
    """Return an entry, or None when it was delivered by somebody else meanwhile or cannot be read."""
    try:
        return read_document(Entry, store.read_bytes(WORK, name))
    except StoreError as error:
        if error.code != "blob-missing":
            raise
    except ValueError as error:
        log.warning("%s/%s cannot be read: %s", WORK, name, error)
    return None


def _text(entry: Entry) -> bytes:
    return json.dumps(to_json(entry)).encode()
