"""Blobs at signed addresses: what a browser, curl and the Blob SDK do with them, and what nobody may do."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobClient
from yarl import URL

from reelbrush.host.blob_blocks import StagedBlocks
from reelbrush.host.blob_download import byte_range
from reelbrush.host.blob_errors import BlobError
from reelbrush.host.blob_upload import listed_blocks
from reelbrush.host.loader import load_app
from reelbrush.store import FolderStore
from reelbrush.store.folder_links import READ, Link, link_key

APP = Path(__file__).parent / "apps" / "triggers"
BLOCK = {"x-ms-blob-type": "BlockBlob"}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def unfinished(store: FolderStore) -> list[str]:
    """Files of uploads that are not blobs."""
    return [p.name for p in (store.root / ".tmp").rglob("*") if p.is_file() and p.name != "committed"]


def test_a_video_is_read_by_ranges(host: Any, run: Any, store: FolderStore) -> None:
    content = os.urandom(700_000)
    store.put_bytes("output", "job 1/clip é.mp4", content)
    url = store.signed_url(
        "output", "job 1/clip é.mp4", write=False, seconds=60, download_name='é "clip"; x=y.mp4'
    )

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            async with http.get(url) as answer:
                assert (answer.status, await answer.read()) == (200, content)
                etag, headers = answer.headers["etag"], answer.headers
                assert headers["content-type"] == "video/mp4" and headers["accept-ranges"] == "bytes"
                assert headers["x-content-type-options"] == "nosniff"
                assert headers["content-disposition"] == (
                    'attachment; filename="_ _clip_; x=y.mp4"; '
                    "filename*=UTF-8''%C3%A9%20%22clip%22%3B%20x%3Dy.mp4"
                )
            blob = store.stat("output", "job 1/clip é.mp4")
            assert blob is not None and etag == f'"{blob.etag}"'
            for asked, first, last in (
                ("bytes=0-0", 0, 0),
                ("bytes=5-", 5, 699_999),
                ("bytes=-10", 699_990, 699_999),
                ("bytes=699999-800000", 699_999, 699_999),
                ("bytes=300000-599999", 300_000, 599_999),
            ):
                async with http.get(url, headers={"Range": asked}) as answer:
                    assert answer.status == 206
                    assert answer.headers["content-range"] == f"bytes {first}-{last}/700000"
                    assert await answer.read() == content[first : last + 1]
            for extra, status, length in (
                ({"Range": "bytes=700000-"}, 416, None),
                ({"Range": "bytes=0-1,4-5"}, 200, 700_000),
                ({"Range": "bytes=0-9", "If-Range": '"other"'}, 200, 700_000),
                ({"Range": "bytes=0-9", "If-Range": etag}, 206, 10),
                ({"If-None-Match": etag}, 304, 0),
                ({"If-Match": '"other"'}, 412, None),
            ):
                async with http.get(url, headers=extra) as answer:
                    body = await answer.read()
                    assert answer.status == status, extra
                    assert length is None or len(body) == length
            async with http.head(url) as answer:
                assert (answer.status, answer.headers["content-length"]) == (200, "700000")
                assert await answer.read() == b""

    run(scenario())


def test_uploads_become_blobs_and_fire_the_trigger(
    host: Any, run: Any, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEAN_UP_AT", "0 0 4 * * *")
    load_app(APP)
    seen = sys.modules["function_app"].SEEN
    seen.clear()
    url = store.signed_url("input", "monet/a.mp4", write=True, seconds=60)

    async def scenario() -> None:
        async with host("triggers") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            async with http.put(url, data=b"x" * 3_000_000, headers=BLOCK) as answer:
                assert answer.status == 201
                etag = answer.headers["etag"]
            outcome = await h.wait_for_blob("input", "monet/a.mp4", 5)
            assert (outcome.state, f'"{outcome.etag}"') == ("fired", etag)

    run(scenario())
    assert store.read_bytes("input", "monet/a.mp4") == b"x" * 3_000_000
    assert unfinished(store) == []


def test_the_blob_sdk_uploads_and_reads_as_from_an_account(host: Any, run: Any, store: FolderStore) -> None:
    data = os.urandom(30_000_000)

    def client(base: str, *, write: bool) -> BlobClient:
        url = store.signed_url("input", "a b/ü%41.mp4", write=write, seconds=60)
        return BlobClient.from_blob_url(base + url, max_single_put_size=4 << 20, max_block_size=4 << 20)

    def use(base: str) -> None:
        client(base, write=True).upload_blob(data, max_concurrency=3)
        reader = client(base, write=False)
        assert reader.get_blob_properties().size == len(data)
        assert reader.download_blob().readall() == data
        assert reader.download_blob(29_999_000, 5000).readall() == data[-1000:]
        with pytest.raises(ResourceExistsError):
            client(base, write=True).upload_blob(b"other")
        for refused in (reader, client(base, write=True)):
            with pytest.raises(HttpResponseError) as caught:
                refused.upload_blob(b"other", overwrite=True)
            assert caught.value.status_code == 403
        assert reader.download_blob().readall() == data

    async def scenario() -> None:
        async with host("rooted") as (h, _):
            await asyncio.to_thread(use, h.base_url)

    run(scenario())
    assert [blob.name for blob in store.list("input")] == ["a b/ü%41.mp4"]
    assert unfinished(store) == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_uploads_a_file(host: Any, run: Any, store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "clip").write_bytes(b"film" * 500_000)
    url = store.signed_url("input", "clip.mp4", write=True, seconds=60)
    command = ["curl", "-sS", "-o", "-", "-w", "%{http_code}", "-T", str(tmp_path / "clip")]

    async def scenario() -> None:
        async with host("rooted") as (h, _):
            for headers, said in (([], b"400"), (["-H", "x-ms-blob-type: BlockBlob"], b"201")):
                done = await asyncio.to_thread(
                    subprocess.run, [*command, *headers, h.base_url + url], capture_output=True, check=True
                )
                assert done.stdout.endswith(said), done.stdout

    run(scenario())
    assert store.read_bytes("input", "clip.mp4") == b"film" * 500_000


def test_an_address_allows_one_thing_until_its_time_is_over(host: Any, run: Any, store: FolderStore) -> None:
    store.put_bytes("input", "a.mp4", b"a")
    store.put_bytes("input", "b.mp4", b"b")
    read = store.signed_url("input", "a.mp4", write=False, seconds=60)
    write = store.signed_url("input", "a.mp4", write=True, seconds=60, size=10)
    key = link_key(store.root)
    over = Link("input", "a.mp4", READ, datetime.now(UTC) - timedelta(seconds=1)).url(key)
    foreign = Link("input", "a.mp4", READ, datetime.now(UTC) + timedelta(hours=1)).url(b"0" * 32)
    escape = Link("input", "../.keys/url", READ, datetime.now(UTC) + timedelta(hours=1)).url(key)
    hidden = Link(".keys", "url", READ, datetime.now(UTC) + timedelta(hours=1)).url(key)
    odd = Link("input", "a.mp4", "rcw", datetime.now(UTC) + timedelta(hours=1)).url(key)

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession() as http:
            for verb, url, status in (
                ("GET", read, 200),
                ("GET", write, 403),
                ("PUT", read, 403),
                ("PUT", read.replace("sp=r", "sp=c"), 403),
                ("GET", read.replace("a.mp4", "b.mp4"), 403),
                ("PUT", write.replace("a.mp4", "b.mp4"), 403),
                ("PUT", write.replace("a.mp4", "c.mp4"), 403),
                ("PUT", write.replace("sz=10", "sz=11"), 403),
                ("PUT", write.replace("&sz=10", ""), 403),
                ("GET", read.replace("/input/", "/output/"), 403),
                ("GET", read + "&rscd=inline", 403),
                ("GET", read[:-1], 403),
                ("GET", read + "%C3%A9", 403),
                ("GET", read.partition("?")[0], 403),
                ("GET", over, 403),
                ("GET", foreign, 403),
                ("GET", odd, 403),
                ("PUT", odd, 403),
                ("GET", escape.replace("../", "..%2F"), 400),
                ("GET", hidden, 400),
                ("DELETE", write, 405),
                ("PUT", write + "&comp=metadata", 400),
                ("PUT", write + "&comp=block", 400),
            ):
                data = b"evil" if verb == "PUT" else None
                async with http.request(
                    verb, URL(h.base_url + url, encoded=True), data=data, headers=BLOCK
                ) as answer:
                    assert answer.status == status, (verb, url)
                    assert status < 400 or status == 405 or answer.headers["x-ms-error-code"]
            other_site = {**BLOCK, "Origin": "http://evil"}
            async with http.put(h.base_url + write, data=b"evil", headers=other_site) as answer:
                assert answer.status == 403

    run(scenario())
    assert {blob.name: store.read_bytes("input", blob.name) for blob in store.list("input")} == {
        "a.mp4": b"a",
        "b.mp4": b"b",
    }


def test_no_more_is_taken_than_the_address_allows(host: Any, run: Any, store: FolderStore) -> None:
    url = store.signed_url("input", "a.mp4", write=True, seconds=60, size=1000)

    async def endless() -> Any:
        for _ in range(100):
            yield b"x" * 100

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            for data in (b"x" * 1001, endless()):
                async with http.put(url, data=data, headers=BLOCK) as answer:
                    assert answer.status == 413
            for block, status in (("YQ==", 201), ("YQ==", 201), ("Yg==", 413)):
                target = f"{url}&comp=block&blockid={block.replace('=', '%3D')}"
                async with http.put(target, data=b"x" * 600) as answer:
                    assert answer.status == status, block
            listed = "<BlockList><Latest>YQ==</Latest><Latest>YQ==</Latest></BlockList>"
            async with http.put(url + "&comp=blocklist", data=listed) as answer:
                assert answer.status == 413
            assert store.stat("input", "a.mp4") is None
            async with http.put(url, data=b"x" * 1000, headers=BLOCK) as answer:
                assert answer.status == 201

    run(scenario())


def test_a_block_list_can_be_sent_again(host: Any, run: Any, store: FolderStore) -> None:
    url = store.signed_url("input", "a.mp4", write=True, seconds=60)
    listed = (
        '<?xml version="1.0"?><BlockList><Latest>Mg==</Latest><Uncommitted>MQ==</Uncommitted></BlockList>'
    )

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            for block in ("MQ==", "Mg=="):
                target = f"{url}&comp=block&blockid={block.replace('=', '%3D')}"
                async with http.put(target, data=block.encode()) as answer:
                    assert answer.status == 201
            once = {"If-None-Match": "*"}
            etags: list[str] = []
            for _ in range(2):
                async with http.put(url + "&comp=blocklist", data=listed, headers=once) as answer:
                    assert answer.status == 201
                    etags.append(answer.headers["etag"])
            assert etags[0] == etags[1]
            missing = listed.replace("Mg", "Mw")
            other = store.signed_url("input", "b.mp4", write=True, seconds=60)
            async with http.put(other + "&comp=blocklist", data=missing) as answer:
                assert (answer.status, answer.headers["x-ms-error-code"]) == (400, "InvalidBlockList")
            for target in (url + "&comp=blocklist", url, f"{url}&comp=block&blockid=MQ%3D%3D"):
                async with http.put(target, data=missing, headers=BLOCK) as answer:
                    assert answer.headers["x-ms-error-code"] == "UnauthorizedBlobOverwrite"
            async with http.put(url + "&comp=blocklist", data=missing, headers=once) as answer:
                assert answer.status == 409
            async with http.put(url, data=b"other", headers={**BLOCK, **once}) as answer:
                assert (answer.status, answer.headers["x-ms-error-code"]) == (409, "BlobAlreadyExists")

    run(scenario())
    assert store.read_bytes("input", "a.mp4") == b"Mg==MQ=="


def test_of_two_uploads_that_may_not_replace_one_wins(host: Any, run: Any, store: FolderStore) -> None:
    url = store.signed_url("input", "a.mp4", write=True, seconds=60)

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            go_on = asyncio.Event()

            async def slow(content: bytes) -> Any:
                yield content
                await go_on.wait()
                yield content

            async def upload(content: bytes) -> int:
                headers = {**BLOCK, "If-None-Match": "*"}
                async with http.put(url, data=slow(content), headers=headers) as answer:
                    return answer.status

            uploads = [asyncio.create_task(upload(content)) for content in (b"one", b"two")]
            while len(unfinished(store)) < 2:
                await asyncio.sleep(0.01)
            go_on.set()
            statuses = await asyncio.gather(*uploads)
            assert sorted(statuses) == [201, 409]
            winner = (b"one", b"two")[statuses.index(201)]
            assert store.read_bytes("input", "a.mp4") == winner * 2

    run(scenario())
    assert unfinished(store) == []


def test_an_upload_that_breaks_off_leaves_nothing(host: Any, run: Any, store: FolderStore) -> None:
    url = store.signed_url("input", "a.mp4", write=True, seconds=60)

    async def scenario() -> None:
        async with host("rooted") as (h, _):
            _, writer = await asyncio.open_connection("127.0.0.1", int(h.base_url.rpartition(":")[2]))
            head = f"PUT {url} HTTP/1.1\r\nHost: {h.base_url[7:]}\r\nx-ms-blob-type: BlockBlob\r\n"
            writer.write(f"{head}Content-Length: 9000000\r\n\r\n".encode() + b"x" * 4_000_000)
            await writer.drain()
            while not unfinished(store):
                await asyncio.sleep(0.01)
            writer.close()
            while unfinished(store):
                await asyncio.sleep(0.01)

    run(asyncio.wait_for(scenario(), 60))
    assert list(store.list("input")) == []


def test_a_blob_is_no_folder(host: Any, run: Any, store: FolderStore) -> None:
    store.put_bytes("input", "a.mp4", b"a")
    store.put_bytes("input", "b/c.mp4", b"c")

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            for name in ("a.mp4/b.mp4", "b"):
                url = store.signed_url("input", name, write=True, seconds=60)
                async with http.put(url, data=b"x", headers=BLOCK) as answer:
                    assert answer.status == 409, name
                async with http.get(store.signed_url("input", name, write=False, seconds=60)) as answer:
                    assert answer.status == 404, name

    run(scenario())


def test_what_nobody_completes_is_removed_after_a_week(tmp_path: Path, store: FolderStore) -> None:
    def begin() -> None:
        (tmp_path / "block").write_bytes(b"x")
        StagedBlocks(store.root).add("input", "a.mp4", "MQ==", tmp_path / "block", None)
        store.temporary().write_bytes(b"half")

    begin()
    blocks = StagedBlocks(store.root)
    blocks.sweep(time.time() + 6 * 86400)
    assert len(unfinished(store)) == 2
    blocks.join("input", "a.mp4", ["MQ=="], tmp_path / "joined", 1)
    blocks.sweep(time.time() + 8 * 86400)
    assert unfinished(store) == []
    with pytest.raises(BlobError) as caught:
        blocks.join("input", "a.mp4", ["MQ=="], tmp_path / "again", 1)
    assert caught.value.code == "InvalidBlockList"


def test_sweeping_beside_others_who_write(store: FolderStore) -> None:
    blocks, writing = StagedBlocks(store.root), threading.Event()

    def write() -> None:
        while not writing.is_set():
            store.put_bytes("work", "progress.json", b"x")

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write) for _ in range(3)]
        end = time.monotonic() + 0.5
        try:
            while time.monotonic() < end:
                blocks.sweep()
        finally:
            writing.set()
        for writer in writers:
            writer.result()


def test_a_list_that_is_too_long_is_refused_before_anything_is_written(
    tmp_path: Path, store: FolderStore
) -> None:
    blocks = StagedBlocks(store.root)
    (tmp_path / "block").write_bytes(b"x" * 1000)
    blocks.add("input", "a.mp4", "MQ==", tmp_path / "block", 1000)
    with pytest.raises(BlobError) as caught:
        blocks.join("input", "a.mp4", ["MQ=="] * 1000, tmp_path / "joined", 1000)
    assert caught.value.status == 413
    assert not (tmp_path / "joined").exists()


def test_a_list_sent_again_after_a_crash_is_the_same_version(
    host: Any, run: Any, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.signed_url("input", "a.mp4", write=True, seconds=60)
    listed = "<BlockList><Latest>MQ==</Latest></BlockList>"

    def killed(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "as good as killed: the blob is there, its blocks too")

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            async with http.put(f"{url}&comp=block&blockid=MQ%3D%3D", data=b"film") as answer:
                assert answer.status == 201
            with monkeypatch.context() as patch:
                patch.setattr(StagedBlocks, "forget", killed)
                async with http.put(url + "&comp=blocklist", data=listed) as answer:
                    assert answer.status == 507
            before = store.stat("input", "a.mp4")
            assert before is not None
            async with http.put(url + "&comp=blocklist", data=listed) as answer:
                assert (answer.status, answer.headers["etag"]) == (201, f'"{before.etag}"')
            assert store.stat("input", "a.mp4") == before

    run(scenario())


LONG = "bytes=0-" + "9" * 5000  # more digits than int() takes


def test_ranges() -> None:
    assert byte_range("bytes=0-", 10) == (0, 9)
    assert byte_range("bytes=-20", 10) == (0, 9)
    assert byte_range(" bytes=3-3 ", 10) == (3, 3)
    for everything in ("", "bytes=", "bytes=-", "bytes=5-3", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", LONG):
        assert byte_range(everything, 10) is None
    for beyond, size in (("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)):
        with pytest.raises(BlobError) as caught:
            byte_range(beyond, size)
        assert caught.value.status == 416


def test_lists_of_blocks_are_understood_whole_or_not_at_all() -> None:
    head = "\ufeff<?xml version='1.0' encoding='utf-8'?>\n"
    entries = "<Latest>MQ==</Latest>\n  <Committed> Mg== </Committed>"
    assert listed_blocks(f"{head}<BlockList>{entries}</BlockList>\n".encode()) == ["MQ==", "Mg=="]
    for empty in ("<BlockList/>", "<BlockList />", "<BlockList></BlockList>"):
        assert listed_blocks(empty.encode()) == []
    for bad in (
        "",
        entries,
        f"<BlockList>{entries}",
        f"<BlockList>{entries}<Latest a='1'>Mw==</Latest></BlockList>",
        f"<BlockList>{entries}<Latest>Mw==</Uncommitted></BlockList>",
        f"<BlockList>{entries}<Latest></Latest></BlockList>",
        f"<BlockList>{entries}</BlockList><BlockList/>",
        f"<?xml?>{' ' * 200_000}x",  # in no time
    ):
        with pytest.raises(BlobError) as caught:
            listed_blocks(bad.encode())
        assert caught.value.status == 400, bad
