"""What both stores promise, asked of both."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelbrush.errors import StoreError
from reelbrush.store import BlobStore, FolderStore, Store
from tests.azurite_account import azurite


@pytest.fixture(scope="module")
def shared_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite(tmp_path_factory.mktemp("azurite")) as connection:
        yield connection


@pytest.fixture(params=["folder", "account"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    monkeypatch.setenv("STORE_CONNECTION", request.getfixturevalue("shared_account"))
    return BlobStore("env:STORE_CONNECTION")


@pytest.fixture
def box(request: pytest.FixtureRequest) -> str:
    """A container of the test's own."""
    return f"c{abs(hash(request.node.nodeid)) % 10**9}"


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
