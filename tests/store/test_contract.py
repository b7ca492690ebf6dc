"""What every store promises, asked of all: a folder, an account by key, an account by identity."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reelbrush.errors import StoreError
from reelbrush.store import FolderStore, Store


def test_small_blobs_are_replaced_whole(store: Store, box: str) -> None:
    assert store.stat(box, "a/b.json") is None
    store.put_bytes(box, "a/b.json", b"one")
    first = store.stat(box, "a/b.json")
    store.put_bytes(box, "a/b.json", b"three")
    second = store.stat(box, "a/b.json")
    assert store.read_bytes(box, "a/b.json") == b"three"
    assert first is not None and second is not None
    assert (first.size, second.size) == (3, 5) and first.etag != second.etag
    assert second.etag == second.etag.strip(chr(34))


def test_readers_seek(store: Store, box: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000  # more than two reads ahead
    (tmp_path / "film").write_bytes(content)
    store.put_file(box, "film", tmp_path / "film")
    with store.open(box, "film") as reader:
        assert reader.seek(-10, io.SEEK_END) == len(content) - 10
        assert reader.read() == content[-10:]
        reader.seek(1_500_000)
        assert reader.read(7) == content[1_500_000:1_500_007]
        reader.seek(3)
        assert reader.read(5) == content[3:8]
        assert reader.tell() == 8
        reader.seek(0)
        assert reader.read() == content
        assert reader.read(1) == b""


def test_lists_are_sorted_and_prefixed(store: Store, box: str) -> None:
    assert list(store.list(box, "x/")) == []
    for name in ("x/2", "x/10", "y", "x/sub/1"):
        store.put_bytes(box, name, name.encode())
    assert [blob.name for blob in store.list(box, "x/")] == ["x/10", "x/2", "x/sub/1"]
    assert [store.stat(box, blob.name) for blob in store.list(box)] == list(store.list(box))


def test_deleting_is_repeatable(store: Store, box: str) -> None:
    for name in ("x/1", "x/2", "xy"):
        store.put_bytes(box, name, b"")
    store.delete(box, "x/1")
    store.delete(box, "x/1")
    store.delete_prefix(box, "x/")
    store.delete_prefix(box, "x/")
    assert [blob.name for blob in store.list(box)] == ["xy"]


def test_many_blobs_are_deleted_at_once(store: Store, box: str) -> None:
    names = [f"many/é #{number}?.m p4" for number in range(300)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.put_bytes(box, name, b""), [*names, "manyfold"]))
    store.delete_prefix(box, "many/")
    assert [blob.name for blob in store.list(box)] == ["manyfold"]


def test_deleting_what_is_no_blob_is_no_error(store: Store, box: str) -> None:
    store.put_bytes(box, "x", b"")
    store.put_bytes(box, "y/z", b"")
    for name in ("x/below", "y"):
        store.delete(box, name)
    assert [blob.name for blob in store.list(box)] == ["x", "y/z"]


def test_missing_blobs_are_said(store: Store, box: str) -> None:
    store.put_bytes(box, "there", b"")
    with pytest.raises(StoreError) as caught:
        store.open(box, "not there")
    assert caught.value.code == "blob-missing"
    assert store.read_bytes(box, "there") == b""


def test_unusual_names_survive(store: Store, box: str) -> None:
    for name in (
        "n $(touch PWNED).mp4",
        "ünïcødé 日本語 🎬.mp4",
        "100%_%05d.mp4",
        "quote'\".mp4",
        "a+b&c=d#e?f.mp4",
    ):
        store.put_bytes(box, name, name.encode())
        assert store.read_bytes(box, name) == name.encode()


def test_a_replaced_blob_is_not_read_as_a_mixture(store: Store, box: str) -> None:
    store.put_bytes(box, "film", b"a" * 3_000_000)
    reader = store.open(box, "film")
    assert reader.read(10) == b"a" * 10
    store.put_bytes(box, "film", b"b" * 3_000_000)
    try:
        rest = reader.read()
    except Exception as error:
        assert "412" in str(error) or "condition" in str(error).lower()
        return
    assert set(rest) == {ord("a")}


def test_of_many_writers_of_a_new_blob_one_wins(store: Store, box: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.put_new_bytes(box, "a/job.json", b"%d" % n), range(8)))
    assert won.count(True) == 1
    assert store.read_bytes(box, "a/job.json") == b"%d" % won.index(True)
    before = store.stat(box, "a/job.json")
    assert not store.put_new_bytes(box, "a/job.json", b"late")
    assert store.stat(box, "a/job.json") == before
    store.delete(box, "a/job.json")
    assert store.put_new_bytes(box, "a/job.json", b"")
    assert store.read_bytes(box, "a/job.json") == b""


def test_pages_hold_every_blob_once_in_order(store: Store, box: str) -> None:
    assert store.list_page(box, "", 10) == store.list_page(box, "n/", 10)
    assert (store.list_page(box, "", 10).blobs, store.list_page(box, "", 10).next) == ((), "")
    names = sorted(f"n/{number}-é" for number in range(11)) + ["n/sub/x"]
    for name in [*reversed(names), "m", "nn", "o/1"]:
        store.put_bytes(box, name, name.encode())
    found: list[str] = []
    token, pages = "", 0
    while pages == 0 or token:
        page = store.list_page(box, "n/", 5, token)
        assert len(page.blobs) <= 5
        assert list(page.blobs) == [store.stat(box, blob.name) for blob in page.blobs]
        found += [blob.name for blob in page.blobs]
        token, pages = page.next, pages + 1
        if pages == 1:
            store.delete(box, names[0])
            store.delete(box, names[-1])
            store.put_bytes(box, "n/zz", b"")
    assert found == names[:-1] + ["n/zz"]
    assert pages == 3
    assert [blob.name for blob in store.list_page(box, "n/1", 50).blobs] == ["n/1-é", "n/10-é"]
    exact = store.list_page(box, "n/", 11)
    assert (len(exact.blobs), exact.next) == (11, "")


def test_pages_can_show_what_came_lately(store: Store, box: str) -> None:
    for name in ("a", "b"):
        store.put_bytes(box, name, b"film")
    now, hour = datetime.now(UTC), timedelta(hours=1)
    assert len(store.list_page(box, "", 10, changed=(now - hour, now + hour)).blobs) == 2
    for span in ((now + hour, now + 2 * hour), (now - 2 * hour, now - hour)):
        assert store.list_page(box, "", 10, changed=span).blobs == ()
    page = store.list_page(box, "", 1, changed=(now + hour, now + 2 * hour))
    assert page.blobs == () and page.next, "an empty page is not the last one"


def test_ranges_are_read(store: Store, box: str) -> None:
    content = os.urandom(3_000_000)
    store.put_bytes(box, "film", content)
    for first, count in ((0, 1), (0, 3_000_000), (2_999_990, 100), (1_234_567, 1_000_000), (5, 0)):
        assert store.read_range(box, "film", first, count) == content[first : first + count]
    assert store.read_range(box, "film", 3_000_000, 5) == b""
    store.put_bytes(box, "empty", b"")
    assert store.read_range(box, "empty", 0, 5) == b""
    with pytest.raises(StoreError) as caught:
        store.read_range(box, "missing", 0, 5)
    assert caught.value.code == "blob-missing"


def test_a_file_of_many_blocks_is_put_whole(store: Store, box: str, tmp_path: Path) -> None:
    content = os.urandom(20_000_003)
    (tmp_path / "film").write_bytes(content)
    store.put_file(box, "film.mp4", tmp_path / "film")
    store.put_file(box, "film.mp4", tmp_path / "film")
    with store.open(box, "film.mp4") as reader:
        assert reader.read() == content
    if isinstance(store, FolderStore):
        assert not list((store.root / ".tmp").iterdir())


def test_hidden_folders_of_a_folder_store_are_no_containers(tmp_path: Path) -> None:
    for container in (".keys", ".host", "..", "", "a/b"):
        with pytest.raises(StoreError):
            FolderStore(tmp_path).put_bytes(container, "url", b"evil")
