"""Uploads whose event was lost become jobs; nothing else does."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from function_app.accept import accept_upload
from function_app.upkeep import missed
from function_app.upkeep.known_sources import KnownSources
from function_app.upkeep.missed import start_missed
from reelbrush.errors import StoreError
from reelbrush.job import BlobRef, index_name
from reelbrush.job.names import INDEX, INPUT, LOOKED, WORK
from reelbrush.store import FolderStore
from tests.app.test_upkeep import Scene, played

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def upload(there: Scene, name: str, at: datetime, content: bytes = b"film") -> None:
    there.store.put_bytes(INPUT, name, content)
    os.utime(there.store.path(INPUT, name), (at.timestamp(), at.timestamp()))


async def look(there: Scene, at: datetime) -> None:
    await start_missed(replace(there.to, now=at))


def jobs(there: Scene) -> list[str]:
    """Names of the sources of all jobs."""
    found: list[str] = []
    for entry in there.store.list(WORK, INDEX):
        job = entry.name.partition("-")[2]
        record = json.loads(there.store.read_bytes(WORK, f"{job}/job.json"))
        found.append(record["job"]["source"]["name"])
    return sorted(found)


def test_what_nobody_told_is_started_once(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        upload(there, "before-the-app.mp4", START - timedelta(hours=2))
        await look(there, START)
        upload(there, "wave/lost.mp4", START + timedelta(minutes=5))
        for name in ("wave/lost.mp4.json", ".hidden.mp4", "half.mp4.part"):
            upload(there, name, START + timedelta(minutes=5), b"{}")
        upload(there, "folder", START + timedelta(minutes=5), b"")
        upload(there, "fresh.mp4", START + timedelta(minutes=55))
        await look(there, START + timedelta(minutes=30))
        assert jobs(there) == []
        await look(there, START + timedelta(minutes=61))
        assert jobs(there) == ["wave/lost.mp4"], "its event may still come for the fresh one"
        for minutes in (62, 90, 122, 123, 300):
            await look(there, START + timedelta(minutes=minutes))
        assert jobs(there) == ["fresh.mp4", "wave/lost.mp4"]

    played(body, tmp_path)


@pytest.mark.parametrize("change", ["style", "replaced", "canceled", "forgotten"])
def test_a_name_that_had_a_job_is_left_alone(change: str, tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        now = datetime.now(UTC)  # as jobs are stamped
        await look(there, now)
        upload(there, "clip.mp4", now + timedelta(minutes=5))
        source = there.store.stat(INPUT, "clip.mp4")
        assert source is not None
        start = await accept_upload(there.to.client, there.to.services.settings, there.store, source)
        await there.host.wait(start.job.id, timeout=60)
        if change == "style":
            upload(there, "clip.mp4.json", now + timedelta(minutes=6), b'{"style": "other"}')
        elif change == "replaced":
            upload(there, "clip.mp4", now + timedelta(minutes=7), b"another")
        elif change == "canceled":
            await there.to.client.purge_instance_history(start.job.id)
        else:  # by policy, after the longest time
            there.store.delete_prefix(WORK, INDEX)
        later = timedelta(days=there.to.services.settings.history_days) if change == "forgotten" else None
        await look(there, now + (later or timedelta(hours=2)))
        assert len(jobs(there)) == (0 if later else 1)

    played(body, tmp_path)


def test_a_folder_that_the_host_scans_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(there: Scene) -> None:
        await look(there, START)
        assert there.left(LOOKED) == []

    monkeypatch.setenv("REELBRUSH_BLOB_SOURCE", "LogsAndContainerScan")
    played(body, tmp_path)


@pytest.mark.parametrize("trouble", ["time", "page", "token", "clock"])
def test_a_look_that_was_broken_off_goes_on(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "PAGE", 2)

    async def body(there: Scene) -> None:
        await look(there, START)
        names = [f"{number}.mp4" for number in range(5)]
        for name in names:
            upload(there, name, START + timedelta(minutes=5))
        at = START + timedelta(hours=2)
        if trouble == "time":
            monkeypatch.setattr(missed, "ROUND_SECONDS", 0.0)
            for _ in range(3):
                await look(there, at)
            monkeypatch.setattr(missed, "ROUND_SECONDS", 5.0)
        elif trouble == "page":
            usual = FolderStore.list_page
            calls: list[Any] = []

            def shaky(self: FolderStore, *asked: Any, **more: Any) -> Any:
                calls.append(asked)
                if len(calls) == 2:
                    raise StoreError("the store does not answer")
                return usual(self, *asked, **more)

            monkeypatch.setattr(FolderStore, "list_page", shaky)
            with pytest.raises(StoreError):
                await look(there, at)
            assert len(jobs(there)) == 2
        elif trouble == "token":
            said = {"since": START.isoformat(), "began": at.isoformat(), "token": "nonsense"}
            there.store.put_bytes(WORK, LOOKED, json.dumps(said).encode())
        else:
            await look(there, START - timedelta(hours=1))
        await look(there, at + timedelta(minutes=1))
        assert jobs(there) == names

    played(body, tmp_path)


def test_every_round_gets_farther(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "ROUND_SECONDS", 0.0)

    async def body(there: Scene) -> None:
        await look(there, START)
        for name in ("a.mp4", "b.mp4", "c.mp4"):
            upload(there, name, START + timedelta(minutes=5))
        for number in range(1, 4):
            await look(there, START + timedelta(hours=2, minutes=number))
            assert len(jobs(there)) == number

    played(body, tmp_path)


def test_a_usual_job_is_known_without_its_record(tmp_path: Path) -> None:
    store, now = FolderStore(tmp_path), datetime.now(UTC)
    source, job = BlobRef(INPUT, "sub/clip.mp4", "e", 9), "clip-0123456789"
    store.put_bytes(WORK, index_name(round(now.timestamp() * 1000), job), b"")
    known = KnownSources(store, now - timedelta(hours=1))
    assert known.has(source, job) and not known.has(source, "clip-9876543210")


def test_two_looks_at_the_same_time_start_one_job(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        await look(there, START)
        upload(there, "clip.mp4", START + timedelta(minutes=5))
        await asyncio.gather(*(look(there, START + timedelta(hours=2)) for _ in range(4)))
        assert jobs(there) == ["clip.mp4"]

    played(body, tmp_path)
