"""Very many uploads at once, told once, ten times or never: one job each, in order, in bounded memory."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from function_app.upkeep import missed
from function_app.upkeep.missed import start_missed
from reelbrush.job.names import INDEX, INPUT, QUEUE, WORK
from reelbrush.store import FolderStore
from tests.app.test_upkeep import Scene, played
from tests.torture.load.queue_watch import watched_queue
from tests.torture.load.world import World, served
from tests.torture.toll import Toll
from tests.uploads.events import grid_event

pytestmark = pytest.mark.timeout(900)  # a busy machine takes its time

FIRST = f"{QUEUE}0000000000001-first-0123456789"  # the ticket of somebody who works for ever
HOOK = "/runtime/webhooks/blobs?functionName=Host.Functions.start_on_upload"
TOLD_AGAIN, TIMES = 100, 10  # uploads of which events come so often
TRIGGERS = 4  # uploads that are told at the same time (host.json)
PER_UPLOAD = 96 << 10  # bytes of memory while all of them are under way
BASE = 64 << 20
PATIENCE = 900.0  # seconds
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.torture("uploads dropped at once, events told ten times", full=2000, slice=60)
def test_a_flood_of_uploads(toll: Toll, tmp_path: Path) -> None:
    asyncio.run(_flood(toll, tmp_path))


async def _flood(toll: Toll, folder: Path) -> None:
    me = psutil.Process()
    with watched_queue() as queue:
        async with served(folder, MAX_JOBS="1", POLL_SECONDS="3600") as world:
            world.store.put_bytes(WORK, FIRST, b"")
            await world.client.get("/api/jobs")
            before = most = me.memory_info().rss
            began = time.process_time()
            jobs = [world.upload(f"film-{number:05}.mp4", b"film") for number in range(toll.tries)]
            while len(queue.tickets) <= len(jobs):  # and the first one's
                most = max(most, me.memory_info().rss)
                await asyncio.sleep(0.2)
                assert time.process_time() - began < PATIENCE, f"{len(queue.tickets)} of {len(jobs)}"
            took = time.process_time() - began
            await _tell_again(world, len(jobs))
            known, statuses = world.known(), {s.instance_id for s in await world.host.instances()}
            tickets = [blob.name.partition("-")[2] for blob in world.store.list(WORK, QUEUE)]
            for job in jobs:
                counts = known.count(job), tickets.count(job), job in statuses
                toll.survived() if counts == (1, 1, True) else toll.lost(f"{job}: {counts}")
            assert len(known) == len(statuses) == len(jobs)
    assert queue.unlike(["first-0123456789", *jobs]) < 2 * TRIGGERS
    if most - before > BASE + PER_UPLOAD * len(jobs):
        toll.leaked(f"{(most - before) >> 20} MiB for {len(jobs)} uploads")
    toll.figure(
        "from the file to its place in the queue", f"{took / len(jobs) * 1000:.1f} ms of computing each"
    )
    toll.figure("memory", f"{(most - before) >> 20} MiB more at most")


async def _tell_again(world: World, uploads: int) -> None:
    """Tell of some uploads many times, in any order, as Event Grid may."""
    chance = random.Random(1)
    numbers = chance.sample(range(uploads), min(TOLD_AGAIN, uploads)) * TIMES
    chance.shuffle(numbers)
    for first in range(0, len(numbers), 20):
        url = "https://account.blob.core.windows.net/input/film-{:05}.mp4"
        names = [f"film-{number:05}.mp4" for number in numbers[first : first + 20]]
        events = [grid_event(name, url=url.format(int(name[5:10]))) for name in names]
        answer = await world.client.post(HOOK, json=events, headers={"aeg-event-type": "Notification"})
        assert answer.status_code == 202, answer.text
    held = [task for task in asyncio.all_tasks() if "BlobWatch.invoke" in repr(task)]
    await asyncio.gather(*held)


@pytest.mark.slow
@pytest.mark.torture("uploads of which nobody told, among many", full=100_000, slice=1500)
def test_lost_events_among_many_blobs(toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "PAGE", max(200, toll.tries // 20))

    async def body(there: Scene) -> None:
        there.script["admit_job"] = lambda _: {"ahead": 3}
        at = START + timedelta(minutes=20)
        lost = _blobs(there.store, toll.tries, at)
        pages: list[Any] = []
        usual = FolderStore.list_page

        def counted(self: FolderStore, container: str, *asked: Any, **more: Any) -> Any:
            pages.append(asked)
            return usual(self, container, *asked, **more)

        monkeypatch.setattr(FolderStore, "list_page", counted)
        began, looks = time.process_time(), 0
        for minute in range(0, 300):
            await start_missed(replace(there.to, now=START + timedelta(minutes=minute)))
            looks += not minute % 60
        took = time.process_time() - began
        found = {_source(there.store, blob.name) for blob in there.store.list(WORK, INDEX)}
        toll.survived(toll.tries - len(lost ^ found))
        for name in sorted(lost - found):
            toll.lost(f"{name} has no job")
        for name in sorted(found - lost):
            toll.lost(f"{name} has a job that nobody wants")
        bound = 25 * looks  # pages of one look, those again that starts kept from being done in one minute
        if len(pages) > bound:
            toll.leaked(f"{len(pages)} pages were listed, {bound} expected")
        toll.figure("five hours of minutes", f"{len(pages)} pages listed, {took:.1f} s of computing")
        for status in await there.host.instances():
            await there.to.client.terminate(status.instance_id, "test")

    played(body, tmp_path)


def _blobs(store: FolderStore, count: int, at: datetime) -> set[str]:
    """Put `count` blobs, most from long ago or of no interest, and return the names of those to be found."""
    chance = random.Random(2)
    lost: set[str] = set()
    folder = store.root / INPUT
    for number in range(count):
        name = f"{number % 64:02}/film-{number:06}.mp4"
        moment, content = START - timedelta(days=chance.uniform(0.1, 40)), b"film"
        if chance.random() < 20 / count:
            moment = at + timedelta(minutes=chance.uniform(0, 100))
            lost.add(name)
        elif chance.random() < 0.01:
            moment, content = at, b""
        elif chance.random() < 0.01:
            moment, name = at, name + chance.choice((".json", ".part", ".crdownload"))
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (moment.timestamp(), moment.timestamp()))
    return lost


def _source(store: FolderStore, entry: str) -> str:
    record = json.loads(store.read_bytes(WORK, f"{entry.partition('-')[2]}/job.json"))
    return str(record["job"]["source"]["name"])
