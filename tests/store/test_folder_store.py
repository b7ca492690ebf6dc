import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.errors import StoreError
from reelbrush.store import FolderStore, open_store


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_blobs_are_written_read_listed_and_deleted(store: FolderStore) -> None:
    store.put_bytes("work", "a/1.json", b"one")
    store.put_bytes("work", "a/2.json", b"two!")
    store.put_bytes("work", "ab.json", b"")
    assert store.read_bytes("work", "a/2.json") == b"two!"
    assert [(b.name, b.size) for b in store.list("work", "a/")] == [("a/1.json", 3), ("a/2.json", 4)]
    assert [b.name for b in store.list("work", "a")] == ["a/1.json", "a/2.json", "ab.json"]
    store.delete("work", "a/1.json")
    store.delete("work", "a/1.json")
    store.delete_prefix("work", "a/")
    assert [b.name for b in store.list("work")] == ["ab.json"]


def test_the_etag_changes_with_the_content(store: FolderStore, tmp_path: Path) -> None:
    store.put_bytes("input", "x", b"1")
    first = store.stat("input", "x")
    store.put_bytes("input", "x", b"22")
    second = store.stat("input", "x")
    assert first is not None and second is not None and first.etag != second.etag


def test_a_file_put_twice_keeps_its_etag(store: FolderStore, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"film")
    etags: set[str] = set()
    for link in (True, False, True):
        store.put_file("input", "clip.mp4", source, link=link)
        blob = store.stat("input", "clip.mp4")
        assert blob is not None
        etags.add(blob.etag)
    assert len(etags) == 1
    assert not list((store.root / ".tmp").iterdir())


def test_missing_blobs_are_said(store: FolderStore) -> None:
    assert store.stat("work", "none") is None
    with pytest.raises(StoreError, match="does not exist") as caught:
        store.read_bytes("work", "none")
    assert caught.value.code == "blob-missing" and not caught.value.retryable


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "",
        ".",
        "a\0b",
        "a\\..\\b",
        "x" * 256,
        "x/" * 2000 + "x",
        "caf\udce9",
    ],
)
def test_names_never_leave_their_container(store: FolderStore, name: str) -> None:
    with pytest.raises(StoreError) as caught:
        store.put_bytes("input", name, b"evil")
    assert caught.value.code == "bad-name"


@given(st.text(max_size=80))
def test_any_accepted_name_is_a_path_below_its_container(name: str) -> None:
    store = FolderStore(Path("/nonexistent/root"))
    try:
        path = store.path("input", name)
    except StoreError:
        return
    base = os.path.normpath("/nonexistent/root/input")
    assert os.path.normpath(path).startswith(base + os.sep)


def test_stores_are_opened_by_uri(store: FolderStore) -> None:
    assert open_store(store.uri).uri == store.uri
    with pytest.raises(StoreError, match="no known kind") as caught:
        open_store("AccountKey=secret")
    assert "secret" not in str(caught.value)
    with pytest.raises(StoreError, match="no known kind"):
        open_store("https://a.blob.core.windows.net/?sig=secret")
    with pytest.raises(StoreError, match="holds no connection string"):
        open_store("env:REELBRUSH_NOTHING")


def test_lists_stay_in_their_container_and_hold_what_can_be_opened(store: FolderStore) -> None:
    store.put_bytes("input", "a/film", b"1")
    store.put_bytes("other", "secret", b"2")
    (store.root / "input" / "a" / "back\\slash").write_bytes(b"3")
    Path(os.fsdecode(os.fsencode(store.root / "input") + b"/caf\xe9")).write_bytes(b"4")
    for prefix in ("../other/", f"{store.root}/other/", "/etc/", "a//", "a/../a/"):
        assert list(store.list("input", prefix)) == []
        assert store.list_page("input", prefix, 10).blobs == ()
    assert list(store.list("..", "")) == []
    assert [blob.name for blob in store.list("input")] == ["a/film"]


def test_a_blob_is_put_while_others_remove_its_folder(store: FolderStore) -> None:
    def put() -> None:
        while not ended.is_set():
            store.put_bytes("work", "job/segments/1", b"x")
            store.put_new_bytes("work", "job/segments/2", b"x")

    ended = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        putting = pool.submit(put)
        end = time.monotonic() + 1
        try:
            while time.monotonic() < end:
                store.delete_prefix("work", "job/")
        finally:
            ended.set()
        putting.result()
    assert not list((store.root / ".tmp").iterdir())


@pytest.mark.parametrize("token", ["!!!", "é", "/w==", "YQ"])
def test_a_token_that_no_list_made_is_refused(store: FolderStore, token: str) -> None:
    with pytest.raises(StoreError) as caught:
        store.list_page("input", "", 5, token)
    assert caught.value.code == "bad-token"


def test_root_and_container_may_be_links_but_nothing_below(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "disk")
    (tmp_path / "films").mkdir()
    store = FolderStore(tmp_path / "root")
    (tmp_path / "root" / "input").symlink_to(tmp_path / "films")
    store.put_bytes("input", "style/clip.mp4", b"film")
    assert [blob.name for blob in store.list("input")] == ["style/clip.mp4"]
    assert store.stat("input", "style/clip.mp4") and store.read_bytes("input", "style/clip.mp4") == b"film"
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere" / "deep" / "secret").write_bytes(b"secret")
    (tmp_path / "films" / "linked").symlink_to(tmp_path / "elsewhere")
    assert store.stat("input", "linked/deep/secret") is None
    with pytest.raises(StoreError) as caught:
        store.read_bytes("input", "linked/deep/secret")
    assert caught.value.code == "blob-missing"
    with pytest.raises(StoreError) as caught:
        store.put_bytes("input", "linked/deep/secret", b"other")
    assert caught.value.code == "bad-name" and not list((tmp_path / "root" / ".tmp").iterdir())
    assert list(store.list("input", "linked/")) == list(store.list("input", "linked/deep/s")) == []
    store.delete("input", "linked/deep/secret")
    store.delete_prefix("input", "linked/")
    store.delete_prefix("input", "linked/deep/")
    assert (tmp_path / "elsewhere" / "deep" / "secret").read_bytes() == b"secret"
