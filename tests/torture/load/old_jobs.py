"""Jobs that ended long ago, made in the store and the host's database as they are left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reelbrush.host.clock import microseconds
from reelbrush.host.storage import Storage
from reelbrush.job import BlobRef, Job, WorkNames, ended_name, index_name, to_json
from reelbrush.job.names import INPUT, OUTPUT, WORK
from reelbrush.store import FolderStore

GENERATION = "0123456789ab"
WHOLE, SWEPT, GONE = "whole", "swept", "gone"


@dataclass(frozen=True)
class OldJob:
    """A job and when it ended (aware); `status` is its instance's, "" where there is none any more."""

    id: str
    ended: datetime
    status: str

    @property
    def names(self) -> WorkNames:
        """Names of its blobs."""
        return WorkNames(self.id)

    @property
    def kept(self) -> set[str]:
        """What stays until the job is forgotten, as docs/architecture.md says."""
        always = {self.names.record, self.names.cancel}
        return always | ({self.names.receipt} if self.status == "Completed" else set())

    @property
    def work(self) -> set[str]:
        """What goes first."""
        names = self.names
        return {
            names.manifest,
            names.timestamps(GENERATION),
            names.segment(GENERATION, 0),
            names.page(GENERATION, 0),
            names.batch(f"{self.id}-b0-a1"),
            names.result(f"{self.id}-b0-a1"),
        }

    def put(self, store: FolderStore) -> None:
        """Write all that is left of the job when it ends."""
        source = BlobRef(INPUT, f"{self.id}.mp4", "e", 9)
        created = self.ended - timedelta(minutes=10)
        record = {"job": to_json(Job(self.id, source, "identity")), "createdAt": created.isoformat()}
        for name in self.kept | self.work:
            store.put_bytes(WORK, name, b"{}")
        store.put_bytes(WORK, self.names.record, json.dumps(record).encode())
        store.put_bytes(WORK, index_name(round(created.timestamp() * 1000), self.id), b"")
        store.put_bytes(WORK, ended_name(round(self.ended.timestamp() * 1000), self.id), b"")
        store.put_bytes(INPUT, source.name, b"film")
        if self.status == "Completed":
            store.put_bytes(OUTPUT, f"{self.id}/film.mp4", b"painted")

    def state(self, store: FolderStore, known: bool) -> str:
        """Return which of WHOLE, SWEPT and GONE the job is in, and else what is odd about it."""
        blobs = {blob.name for blob in store.list(WORK, self.names.prefix)}
        listed = any(blob.name.endswith(self.id) for blob in store.list(WORK, ".jobs/"))
        known = known or not self.status
        if blobs == self.kept | self.work and listed and known:
            return WHOLE
        if blobs == self.kept and listed and known:
            return SWEPT
        if not blobs and not listed and (not known or not self.status):
            return GONE
        return (
            f"{len(blobs)} blobs, {'listed' if listed else 'not listed'}, {'known' if known else 'unknown'}"
        )


def remember(folder: Path, jobs: list[OldJob]) -> None:
    """Write the instances of the jobs into the database of a host that does not run."""
    storage = Storage(folder)
    for job in jobs:
        if job.status:
            at = microseconds(job.ended)
            storage.write(
                "insert into instance(id, name, version, execution, input, output, custom_status, status,"
                " created, updated) values(?,'stylize_video','','x','{}','{}','{}',?,?,?)",
                (job.id, job.status, at, at),
            )
            events = [(job.id, number, "{}" + " " * 400) for number in range(12)]
            storage.write_many("insert into history values(?,?,?)", events)
    storage.close()
