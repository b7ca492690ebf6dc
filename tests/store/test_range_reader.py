"""Reading a blob of an account: what is asked for, ahead of whom, and what is held of it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from azure.core.exceptions import ResourceModifiedError

from reelbrush.store import BlobStore
from reelbrush.store.range_reader import AHEAD, LARGEST, READ_AHEAD
from tests.slow_store import SlowStore, slow_store
from tests.store.test_large_uploads import MOST

MB = 1 << 20
SIZE = 40 * MB
CONTENT = b"".join(number.to_bytes(4) * 16384 for number in range(SIZE >> 16))

READ = (
    MOST
    + """
import hashlib, sys
from reelbrush.store import open_store
store = open_store("env:STORE_CONNECTION")
with store.open("films", "film") as reader:
    reader.read(10)
    reader.seek(0)
    before = most()
    digest = hashlib.file_digest(reader, "sha256").hexdigest()
print(most() - before, digest)
"""
)


@pytest.fixture
def slow(shared_account: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowStore]:
    with slow_store(shared_account) as slow:
        monkeypatch.setenv("DIRECT_CONNECTION", shared_account)
        monkeypatch.setenv("STORE_CONNECTION", slow.connection)
        BlobStore("env:DIRECT_CONNECTION").put_bytes("films", "film", CONTENT)
        yield slow
    assert not ahead()


@pytest.fixture
def store(slow: SlowStore) -> BlobStore:
    return BlobStore("env:STORE_CONNECTION")


def ahead() -> list[str]:
    """The threads that fetch ahead."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("reading-ahead")]


def until(seen: object) -> None:
    end = time.monotonic() + 10
    while not seen():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


def test_who_reads_on_gets_few_large_ranges(slow: SlowStore, store: BlobStore) -> None:
    with store.open("films", "film") as reader:
        digest = hashlib.sha256()
        while data := reader.read(1 << 18):
            digest.update(data)
    assert digest.digest() == hashlib.sha256(CONTENT).digest()
    sizes = [end - first for first, end in slow.ranges]
    assert [end for _, end in slow.ranges][:-1] == [first for first, _ in slow.ranges][1:]
    assert sizes == [1 * MB, 1 * MB, 2 * MB, 4 * MB, 8 * MB, 8 * MB, 8 * MB, 8 * MB]


def test_a_look_here_and_there_costs_small_ranges(slow: SlowStore, store: BlobStore) -> None:
    with store.open("films", "film") as reader:
        for place in (0, 39, 3, 30, 6, 25, 9, 20, 12, 15):
            reader.seek(place * MB + 77)
            assert reader.read(300_000) == CONTENT[place * MB + 77 :][:300_000]
        assert not ahead()
    assert len(slow.asked) == 10 and slow.fetched <= 10 * READ_AHEAD


def test_little_is_fetched_in_vain(slow: SlowStore, store: BlobStore) -> None:
    with store.open("films", "film") as reader:
        for place in (32, 16, 0, 24, 8):
            reader.seek(place * MB)
            assert reader.read(3 * MB) == CONTENT[place * MB :][: 3 * MB]
    assert slow.fetched <= 5 * 9 * MB


def test_the_next_ranges_are_under_way_together_while_one_is_used(slow: SlowStore, store: BlobStore) -> None:
    together = threading.Barrier(2)
    slow.before = lambda first: together.wait(10) if first in (16 * MB, 24 * MB) else None
    with store.open("films", "film") as reader:
        assert b"".join(reader.read(MB) for _ in range(15)) == CONTENT[: 15 * MB]
        until(lambda: slow.ranges[-1][1] >= 32 * MB and not slow.under_way)
        time.sleep(0.3)  # in which one too many would be asked for
        assert slow.ranges[-1][1] == 32 * MB, "no more is held than what is used and AHEAD ranges"
        assert len(ahead()) == AHEAD == 2 and LARGEST == 8 * MB
        asked = len(slow.asked)
        assert reader.read(MB) == CONTENT[15 * MB : 16 * MB]
        assert len(slow.asked) == asked
    assert not together.broken


def test_a_blob_that_is_replaced_while_ranges_are_ahead_is_no_mixture(
    slow: SlowStore, store: BlobStore
) -> None:
    reader = store.open("films", "film")
    assert b"".join(reader.read(MB) for _ in range(9)) == CONTENT[: 9 * MB]
    BlobStore("env:DIRECT_CONNECTION").put_bytes("films", "film", bytes(SIZE))
    with pytest.raises(ResourceModifiedError):
        for place in range(9, 40):
            assert reader.read(MB) == CONTENT[place * MB :][:MB]
    with pytest.raises(ResourceModifiedError):
        reader.read(MB)
    reader.close()
    reader.close()


def test_reading_holds_little_of_a_large_blob(slow: SlowStore) -> None:
    BlobStore("env:DIRECT_CONNECTION").put_bytes("films", "film", CONTENT * 3)
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True)
    grown, digest = done.stdout.split()
    assert digest == hashlib.sha256(CONTENT * 3).hexdigest()
    assert int(grown) * 1024 < 72 * MB  # 24 are held; the SDK has each range on its way twice
