"""What was committed comes to disk beside the event loop, and before a client is told."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from reelbrush.host import durability as durability_module
from reelbrush.host import storage as storage_module
from reelbrush.host.durability import Durability
from reelbrush.host.storage import Storage
from tests.host.conftest import HostFactory

INSERT = "insert into timer values(?, 1)"


class SlowDisk(Storage):
    """A storage whose disk takes 50 ms."""

    synced = 0

    def sync(self) -> None:
        time.sleep(0.05)
        super().sync()
        self.synced += 1


def test_many_who_wait_share_one_wait_for_the_disk(tmp_path: Path) -> None:
    async def scene() -> int:
        storage = SlowDisk(tmp_path)
        durability = Durability(storage)
        await durability.settle()

        async def one(number: int) -> None:
            storage.write(INSERT, (str(number),))
            await durability.settle()

        await asyncio.gather(*(one(number) for number in range(40)))
        synced = storage.synced
        await durability.settle()
        assert storage.synced == synced, "nothing new, nothing to wait for"
        storage.close()
        return synced

    assert 1 <= asyncio.run(scene()) <= 3


def test_the_event_loop_goes_on_meanwhile(tmp_path: Path) -> None:
    async def scene(number: int) -> float:
        storage = SlowDisk(tmp_path / str(number))
        durability = Durability(storage)
        storage.write(INSERT, ("a",))
        waiting = asyncio.create_task(durability.settle())
        longest, last = 0.0, time.monotonic()
        while not waiting.done():
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        storage.close()
        return longest

    assert min(asyncio.run(scene(number)) for number in range(3)) < 0.04


def test_what_has_settled_is_in_the_files(tmp_path: Path) -> None:
    async def scene() -> None:
        storage = Storage(tmp_path / "a")
        storage.write(INSERT, ("kept",))
        await Durability(storage).settle()
        shutil.copytree(tmp_path / "a", tmp_path / "b")  # as a power cut would leave them
        storage.close()

    asyncio.run(scene())
    with sqlite3.connect(tmp_path / "b" / "host.db") as copy:
        assert copy.execute("select function from timer").fetchall() == [("kept",)]


def test_a_long_log_is_folded_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def log_bytes(limit: int) -> int:
        monkeypatch.setattr(storage_module, "LOG_BYTES", limit)
        storage = Storage(tmp_path / str(limit))
        for turn in range(5):
            for number in range(100):
                storage.write(INSERT, (f"{turn}-{number}-{'x' * 500}",))
            storage.fold()
        size = (tmp_path / str(limit) / "host.db-wal").stat().st_size
        storage.close()
        return size

    assert log_bytes(100_000) < log_bytes(1 << 40) / 2, "the log is used again from its start"


def test_an_idle_host_leaves_the_disk_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability_module, "PAUSE", 0.01)

    class Counting(Storage):
        folded = 0

        def fold(self) -> None:
            self.folded += 1

    async def scene() -> list[int]:
        storage = Counting(tmp_path)
        running = asyncio.create_task(Durability(storage).run())
        counts: list[int] = []
        for number in range(2):
            storage.write(INSERT, (str(number),))
            wanted = storage.folded + 1
            async with asyncio.timeout(60):
                while storage.folded < wanted:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            counts.append(storage.folded)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        storage.close()
        return counts

    first, second = asyncio.run(scene())
    assert first <= 2 and second <= first + 2


def test_a_client_is_told_of_a_start_when_it_is_on_disk(
    host: HostFactory, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[int] = []
    sync = Storage.sync

    def noting(self: Storage) -> None:
        rows = self.changes
        sync(self)
        reached.append(rows)

    monkeypatch.setattr(Storage, "sync", noting)

    async def scene() -> None:
        async with host() as (running, client):
            before = running._parts.storage.changes
            await client.start_new("pipeline", "one", 1)
            assert reached and reached[-1] > before

    run(scene())
