"""The queue: who came first goes first, and never more than allowed at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from activities.admit import admit
from activities.marks import CANCELED, decide, note_end
from activities.services import Services
from reelbrush.compute.local import LocalCompute
from reelbrush.job import BlobRef, stamped_job, ticket_name
from reelbrush.job.names import QUEUE, WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore

STEPS = st.lists(st.tuples(st.sampled_from(["ask", "look", "end"]), st.integers(0, 7)), max_size=40)


def services(folder: Path, limit: int) -> Services:
    store = FolderStore(folder)
    return Services(
        Settings(store.uri, max_jobs=limit), store, LocalCompute(store.uri, folder / "runs", workers=1)
    )


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 3))
def test_jobs_begin_in_order_and_never_too_many(steps: list[tuple[str, int]], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        to = services(Path(folder), limit)
        tickets: dict[str, str] = {}  # of jobs that asked and have not ended, in order
        begun: list[str] = []
        for time, (step, number) in enumerate(steps):
            job = f"job-{number}"
            if step == "ask" and job not in tickets:
                tickets[job] = ticket_name(1000 + time, job)
                to.store.put_bytes(WORK, tickets[job], b"")
            elif step == "look" and job in tickets:
                ahead = admit(to, job, tickets[job])["ahead"]
                assert ahead == max(0, list(tickets).index(job) - limit + 1)
                if ahead == 0 and job not in begun:
                    begun.append(job)
            elif step == "end" and job in begun:
                note_end(to.store, job)
                begun.remove(job)
                del tickets[job]
            assert len(begun) <= limit


def test_a_lost_ticket_is_put_back_in_its_place(tmp_path: Path) -> None:
    to = services(tmp_path, 1)
    for time in (1, 3):
        to.store.put_bytes(WORK, ticket_name(time, f"job-{time}"), b"")
    assert admit(to, "job-2", ticket_name(2, "job-2")) == {"ahead": 1}
    assert [stamped_job(blob.name)[1] for blob in to.store.list(WORK, QUEUE)] == ["job-1", "job-2", "job-3"]


def test_a_place_of_an_earlier_try_is_not_before_the_job(tmp_path: Path) -> None:
    to = services(tmp_path, 1)
    for time, job in ((1, "job"), (2, "a-job"), (3, "job")):
        to.store.put_bytes(WORK, ticket_name(time, job), b"")
    assert admit(to, "job", ticket_name(3, "job")) == {"ahead": 1}
    note_end(to.store, "a-job")
    assert admit(to, "job", ticket_name(3, "job")) == {"ahead": 0}


def test_a_job_that_is_canceled_meanwhile_gets_no_place_back(tmp_path: Path) -> None:
    class Slow(FolderStore):
        """The job is canceled between the first look at its mark and the look at the queue."""

        def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
            assert decide(self, "job", CANCELED) == CANCELED
            return super().list(container, prefix)

    to = replace(services(tmp_path, 1), store=Slow(tmp_path))
    assert admit(to, "job", ticket_name(1, "job")) == {"canceled": True}
    assert not list(FolderStore(tmp_path).list(WORK, QUEUE))


def test_without_a_limit_nobody_waits(tmp_path: Path) -> None:
    to = services(tmp_path, 0)
    for time in range(20):
        assert admit(to, f"job-{time}", ticket_name(time, f"job-{time}")) == {"ahead": 0}
