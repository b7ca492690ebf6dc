"""Receipts of blob triggers: which function has dealt with which version of which blob."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from reelbrush.host.blob_places import FoundBlob
from reelbrush.host.clock import Clock
from reelbrush.host.storage import Storage

State = Literal["running", "fired", "failed", "poisoned"]


@dataclass(frozen=True, slots=True)
class BlobOutcome:
    """What a trigger did for one version of a blob.

    `state` is running, fired (the function returned), failed (it will be tried again) or poisoned (it will
    not); `tries` counts from 1; `error` is the last try's, '' while one runs.
    """

    function: str
    container: str
    blob: str
    etag: str
    state: State
    tries: int
    error: str


class Receipts:
    """The receipts in the host's database."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self.on_change: Callable[[], None] = lambda: None

    def settled(self, function: str, blob: FoundBlob) -> bool:
        """Tell whether this version of the blob needs nothing more."""
        row = self._storage.row(
            "select 1 from receipt where function=? and container=? and blob=? and etag=?"
            " and state in ('fired', 'poisoned')",
            (function, blob.container, blob.name, blob.etag),
        )
        return row is not None

    def begin(self, function: str, blob: FoundBlob) -> int:
        """Count a try before it is made, so that a blob that kills the host is given up too; return its
        number.
        """
        with self._storage.transaction():
            self._storage.write(
                "insert into receipt values(?,?,?,?,'running',1,'',?) on conflict do update"
                " set state='running', tries=tries+1, error='', updated=excluded.updated",
                (function, blob.container, blob.name, blob.etag, self._clock.now()),
            )
            row = self._storage.row(
                "select tries from receipt where function=? and container=? and blob=? and etag=?",
                (function, blob.container, blob.name, blob.etag),
            )
        assert row is not None
        return row[0]

    def end(self, function: str, blob: FoundBlob, state: State, error: str = "") -> None:
        """Record how a try ended."""
        self._storage.write(
            "update receipt set state=?, error=?, updated=?"
            " where function=? and container=? and blob=? and etag=?",
            (state, error, self._clock.now(), function, blob.container, blob.name, blob.etag),
        )
        self.on_change()

    def latest(self, container: str, blob: str) -> BlobOutcome | None:
        """Return what was done last for a blob, whichever version and function, or None."""
        row = self._storage.row(
            "select function, container, blob, etag, state, tries, error from receipt"
            " where container=? and blob=? order by updated desc limit 1",
            (container, blob),
        )
        return None if row is None else BlobOutcome(*row)
