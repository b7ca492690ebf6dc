"""Segments for the stitch: fetched ahead, once each, and never other bytes than their pages prove."""

from __future__ import annotations

import hashlib
import os
import threading
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities import proven_segments
from activities.proven_segments import AHEAD, ProvenSegments, UnprovenSegment
from activities.services import Services
from activities.stitch import proven_pages, stitch
from reelbrush.job import LedgerPage, Manifest
from reelbrush.job.names import OUTPUT, WORK
from reelbrush.store import BlobStore, FolderStore, Store
from tests.activities.test_stitch import JOB, MANIFEST, NAMES, TIMES, change_page, to
from tests.azurite_account import azurite
from tests.slow_store import SlowStore, slow_store

__all__ = ["to"]

COUNT = 12
CONTENTS = [os.urandom(3000 + index) for index in range(COUNT)]
PAGES = {
    index: LedgerPage(index, 48, "", hashlib.sha256(content).hexdigest(), len(content), "r")
    for index, content in enumerate(CONTENTS)
}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowStore]:
    with azurite(tmp_path_factory.mktemp("azurite")) as connection, slow_store(connection) as slow:
        yield slow


@pytest.fixture(params=["folder", "account"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with all segments."""
    if request.param == "folder":
        store: Store = FolderStore(tmp_path / "store")
    else:
        slow: SlowStore = request.getfixturevalue("slow")
        monkeypatch.setenv("STORE_CONNECTION", slow.connection)
        store = BlobStore("env:STORE_CONNECTION")
        slow.asked.clear()
    for index, content in enumerate(CONTENTS):
        store.put_bytes(WORK, NAMES.segment("g", index), content)
    yield store
    assert not [one for one in threading.enumerate() if one.name.startswith(("segments-", "reading-"))]


def opened(store: Store, folder: Path) -> ProvenSegments:
    return ProvenSegments(store, MANIFEST, PAGES, folder)


@pytest.mark.parametrize("in_memory", [1 << 20, 1000])
def test_all_are_read_in_order(
    store: Store, tmp_path: Path, in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proven_segments, "IN_MEMORY", in_memory)
    with opened(store, tmp_path) as segments:
        for index in (0, *range(COUNT)):  # the stitch opens the first one twice
            with segments.open(index) as reader:
                assert reader.read() == CONTENTS[index]
                reader.seek(5)
                assert reader.read(5) == CONTENTS[index][5:10]
    assert [path.name for path in tmp_path.iterdir()] == ["store"] * isinstance(store, FolderStore)


@pytest.mark.parametrize("how", ["other", "longer", "shorter", "missing", "empty"])
def test_what_is_not_proven_is_not_opened(store: Store, tmp_path: Path, how: str) -> None:
    name, content = NAMES.segment("g", 3), CONTENTS[3]
    changed = {"other": b"X" + content[1:], "longer": content + b"X", "shorter": content[:-1], "empty": b""}
    if how == "missing":
        store.delete(WORK, name)
    else:
        store.put_bytes(WORK, name, changed[how])
    with opened(store, tmp_path) as segments:
        for index in range(3):
            segments.open(index).close()
        with pytest.raises(UnprovenSegment, match="segment 3"):
            segments.open(3)


def test_of_an_account_each_is_one_request_and_few_are_ahead(
    slow: SlowStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_CONNECTION", slow.connection)
    store = BlobStore("env:STORE_CONNECTION")
    for index, content in enumerate(CONTENTS):
        store.put_bytes(WORK, NAMES.segment("g", index), content)
    slow.asked.clear()
    together = threading.Barrier(AHEAD)
    slow.before = lambda first: together.wait(10) if len(slow.asked) <= AHEAD else None
    with opened(store, tmp_path) as segments:
        for index in range(COUNT):
            segments.open(index).close()
            assert len(slow.asked) <= index + 1 + AHEAD
    assert not together.broken, "as many as that are under way at once"
    assert set(Counter(path for path, _, _ in slow.asked).values()) == {1} and len(slow.asked) == COUNT


def test_what_waits_in_memory_is_bounded(
    slow: SlowStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_CONNECTION", slow.connection)
    monkeypatch.setattr(proven_segments, "AHEAD_BYTES", 7000)  # two of them
    slow.asked.clear()
    slow.before = lambda first: None
    with opened(BlobStore("env:STORE_CONNECTION"), tmp_path) as segments:
        segments.open(0).close()
    assert len(slow.asked) <= 3


def test_a_stitch_that_meets_other_bytes_publishes_nothing(
    to: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = to.store.stat("input", "clip.mp4")
    assert source is not None
    to.store.put_bytes(WORK, NAMES.segment("g", 1), b"segment X")
    assert set(proven_pages(to, MANIFEST, TIMES)) == {0, 1}, "pages alone do not tell"

    def read_all(
        source: object, manifest: Manifest, times: array[int], read: Any, *_: Any, **__: Any
    ) -> None:
        for segment in manifest.segments:
            read(segment.index).close()

    monkeypatch.setattr("reelbrush.media.stitch.stitch", read_all)
    assert stitch(to, replace(JOB, source=source)) == {"missing": [[1, 1]]}
    assert to.store.stat(WORK, NAMES.page("g", 1)) is None, "so that the segment is scored again"
    assert list(to.store.list(OUTPUT)) == []


@pytest.mark.parametrize("changes", [{"segment": 0}, {"frame_count": 1}, {"versions": {"model": "another"}}])
def test_pages_that_do_not_fit_are_none(to: Services, changes: dict[str, object]) -> None:
    change_page(to, **changes)
    assert proven_pages(to, MANIFEST, TIMES) == {}
