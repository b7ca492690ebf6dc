"""Writes down which job was admitted and which gave its place away, and judges the order."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

import activities.admit
from activities.services import Services
from reelbrush.job import stamped_job
from reelbrush.job.names import ENDED, QUEUE, WORK
from reelbrush.store import FolderStore


@dataclass
class QueueWatch:
    """What was seen, in order: ("in", job) at its first admission, ("out", job) when its ticket went."""

    seen: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    tickets: dict[str, int] = field(default_factory=dict[str, int])  # milliseconds, by job

    def at_once(self) -> int:
        """Return how many jobs were worked on at the same time at most."""
        now = most = 0
        for what, _ in self.seen:
            now += 1 if what == "in" else -1
            most = max(most, now)
        return most

    def out_of_turn(self, limit: int) -> list[str]:
        """Return the jobs that were admitted while `limit` or more earlier ones had not ended."""
        found: list[str] = []
        ended: set[str] = set()
        for what, job in self.seen:
            if what == "out":
                ended.add(job)
                continue
            mine = self.tickets[job]
            ahead = [other for other, at in self.tickets.items() if at < mine and other not in ended]
            if len(ahead) >= limit:
                found.append(f"{job}: {len(ahead)} ahead")
        return found

    def unlike(self, uploads: Sequence[str]) -> int:
        """Return by how many places at most the order of tickets differs from that of the uploads."""
        order = sorted(self.tickets, key=lambda job: (self.tickets[job], job))
        place = {job: index for index, job in enumerate(order)}
        return max(abs(place[job] - index) for index, job in enumerate(uploads))


@contextmanager
def watched_queue() -> Generator[QueueWatch]:
    """Watch the admissions of the app in this process."""
    watch = QueueWatch()
    admit, put = activities.admit.admit, FolderStore.put_bytes
    admitted: set[str] = set()

    def watched_admit(to: Services, job: str, ticket: str) -> dict[str, Any]:
        answer = admit(to, job, ticket)
        if answer.get("ahead") == 0 and job not in admitted:
            admitted.add(job)
            watch.seen.append(("in", job))
        return answer

    def watched_put(store: FolderStore, container: str, name: str, data: bytes) -> None:
        if container == WORK and name.startswith(QUEUE):
            at, job = stamped_job(name)
            watch.tickets.setdefault(job, at)
        elif container == WORK and name.startswith(ENDED):
            job = stamped_job(name)[1]
            if ("in", job) in watch.seen and ("out", job) not in watch.seen:
                watch.seen.append(("out", job))
        put(store, container, name, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activities.admit, "admit", watched_admit)
        patch.setattr(FolderStore, "put_bytes", watched_put)
        yield watch
