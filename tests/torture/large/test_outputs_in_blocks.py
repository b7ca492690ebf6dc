"""A finished film of gigabytes goes up in blocks: all of it in order, or nothing that anybody can see."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import zlib
from pathlib import Path
from unittest.mock import Mock

import pytest

from reelbrush.errors import StoreError
from reelbrush.store import BlobStore
from tests.torture.large.account import Account, Block, Fault
from tests.torture.large.jobs import TRIES
from tests.torture.large.test_ranges_that_fail import FAULTS, blob_store
from tests.torture.toll import FULL, Toll

pytestmark = pytest.mark.timeout(900)  # seconds, for machines that are busy

MB = 1 << 20
BLOCK = 8 * MB
LARGE = (6000 if FULL else 90) * MB + 12345
SMALL = 2 * BLOCK + 999
MOST_MEMORY = 64 * MB  # four blocks are under way
MOST_BLOCKS = 50_000  # of one blob
PATIENCE = 60  # seconds


def output(path: Path, size: int) -> list[Block]:
    """Make a file whose blocks all differ and take little of the disk; return what they are."""
    with path.open("wb") as file:
        file.truncate(size)
        for number, at in enumerate(range(0, size, BLOCK)):
            file.seek(at)
            file.write(number.to_bytes(8, "big"))
    empty = bytes(BLOCK)
    return [
        Block(length, zlib.crc32(empty[: length - 8], zlib.crc32(number.to_bytes(8, "big"))))
        for number, at in enumerate(range(0, size, BLOCK))
        if (length := min(BLOCK, size - at))
    ]


def command(name: str, path: Path) -> list[str]:
    return [sys.executable, "-m", "tests.torture.large.puts", "env:FILMS", "output", name, str(path)]


@pytest.mark.slow
@pytest.mark.torture("a large output goes up in blocks that memory hardly sees", full=1, slice=1)
def test_gigabytes_go_up_in_blocks(tmp_path: Path, films: Account, toll: Toll) -> None:
    blocks = output(tmp_path / "film.mp4", LARGE)
    done = subprocess.run(command("film.mp4", tmp_path / "film.mp4"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    grown = int(done.stdout)
    if films.blobs["film.mp4"] != blocks:
        toll.lost(f"{len(films.blobs['film.mp4'])} blocks instead of {len(blocks)}, or others")
    elif grown > MOST_MEMORY:
        toll.leaked(f"{grown} bytes of memory")
    else:
        toll.survived()
    toll.figure(f"memory for {LARGE / MB / 1024:.1f} GiB", f"{grown / MB:.0f} MiB")


@pytest.mark.slow
@pytest.mark.torture("an upload that is broken off leaves nothing to be seen", full=48, slice=3)
def test_an_upload_that_is_broken_off(tmp_path: Path, films: Account, toll: Toll) -> None:
    path = tmp_path / "film.mp4"
    blocks = output(path, SMALL)
    store = blob_store()
    store.put_bytes("output", "first", b"x")
    for seed in toll.seeds():
        random_, name = random.Random(seed), f"{seed}.mp4"
        films.forget()
        kind, last = random_.choice(FAULTS), random_.randrange(len(blocks) + 1)
        what = f"seed {seed}, {kind} from request {last} on"
        if seed % 3 == 0:
            what = f"seed {seed}, killed at request {last}"
            left = killed_at(films, command(name, path), last)
        else:
            films.fault = lambda number: kind if number >= last else None  # noqa: B023
            left = tried(store, name, path, 1)
        films.fault = lambda number: None
        seen = store.stat("output", name)
        # the answer to the last request may be lost after its effect
        if seen is not None and films.blobs[name] != blocks:
            toll.lost(f"{what}: half of it is seen, {seen.size} bytes")
        elif left and seen is None and tried(store, name, path, 1):
            toll.lost(f"{what}: it does not go up again")
        elif films.blobs[name] != blocks or films.pending.get(name):
            toll.lost(f"{what}: other blocks are there, or some are left over")
        else:
            toll.survived()


@pytest.mark.slow
@pytest.mark.torture("blocks that fail on the way are sent again", full=40, slice=3)
def test_failing_blocks_are_sent_again(tmp_path: Path, films: Account, toll: Toll) -> None:
    path = tmp_path / "film.mp4"
    blocks = output(path, SMALL)
    store = blob_store()
    store.put_bytes("output", "first", b"x")
    failed = 0
    for seed in toll.seeds():
        random_, told = random.Random(seed), []

        def fault(number: int) -> Fault | None:
            told.append(random_.choice(FAULTS) if random_.random() < 1 / 4 else None)  # noqa: B023
            return told[-1]  # noqa: B023

        films.fault = fault
        error = tried(store, f"{seed}.mp4", path, TRIES)
        films.fault = lambda number: None
        failed += sum(each is not None for each in told)
        if error or films.blobs.get(f"{seed}.mp4") != blocks:
            toll.lost(f"seed {seed}: {error or 'other blocks'}")
        else:
            toll.survived()
    toll.figure("requests that failed", str(failed))


def tried(store: BlobStore, name: str, path: Path, times: int) -> str:
    """Put the file, `times` at most; return the last error, "" when it is there."""
    error = ""
    for _ in range(times):
        try:
            store.put_file("output", name, path)
            return ""
        except Exception as problem:
            error = repr(problem)
    return error


def killed_at(account: Account, command: list[str], last: int) -> str:
    """Kill a process that uploads when it makes request `last`, after the small blob's."""
    running: list[subprocess.Popen[bytes]] = []

    def fault(number: int) -> Fault | None:
        end = time.monotonic() + PATIENCE
        while not running and time.monotonic() < end:
            time.sleep(0.01)
        if number > last:
            running[0].kill()
        return None

    account.fault = fault
    running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    running[0].wait(PATIENCE)
    return "killed"


def test_more_blocks_than_a_blob_can_have_are_refused_at_once(tmp_path: Path, films: Account) -> None:
    path = tmp_path / "film.mp4"
    path.touch()
    os.truncate(path, MOST_BLOCKS * BLOCK + 1)
    with pytest.raises(StoreError, match="blocks") as refused:
        blob_store().put_file("output", "film.mp4", path)
    assert not refused.value.retryable and films.requests == 0


def test_uncommitted_blocks_are_no_blob_and_go_with_the_next_upload(
    tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILMS", account)
    store = blob_store()
    output(tmp_path / "film.mp4", SMALL)
    store.put_bytes("output", "first", b"x")
    blob = store.service.get_blob_client("output", "film.mp4")
    with monkeypatch.context() as broken:
        operations = "azure.storage.blob._generated.operations.BlockBlobOperations.commit_block_list"
        broken.setattr(operations, Mock(side_effect=ConnectionError))
        with pytest.raises(ConnectionError):
            store.put_file("output", "film.mp4", tmp_path / "film.mp4")
    assert len(blob.get_block_list("uncommitted")[1]) == 3
    assert store.stat("output", "film.mp4") is None
    assert [found.name for found in store.list("output")] == ["first"]
    store.put_file("output", "film.mp4", tmp_path / "film.mp4")
    committed, left = blob.get_block_list("all")
    assert (len(committed), left) == (3, [])
    found = store.stat("output", "film.mp4")
    assert found is not None and found.size == SMALL


def test_blocks_in_another_order_are_seen(tmp_path: Path) -> None:
    blocks = output(tmp_path / "film.mp4", SMALL)
    assert len(set(blocks)) == len(blocks) == 3
    with (tmp_path / "film.mp4").open("rb") as file:
        found = [Block(len(data), zlib.crc32(data)) for data in iter(lambda: file.read(BLOCK), b"")]
    assert found == blocks and found[::-1] != blocks
