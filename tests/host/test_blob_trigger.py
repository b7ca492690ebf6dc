"""Blob triggers on a folder store: the real SDK client, receipts, ETags, poison."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reelbrush.errors import HostError
from reelbrush.host import Host
from reelbrush.host.blob_path import BlobPath
from reelbrush.host.blob_places import FolderPlace
from reelbrush.host.blob_transport import folder_blob
from reelbrush.host.clock import ManualClock
from reelbrush.store import FolderStore

APP = Path(__file__).parent / "apps" / "triggers"


@pytest.fixture(autouse=True)
def app(triggers_app: Any) -> Any:
    return triggers_app


def _put(store: Path, name: str, data: bytes) -> None:
    path = store / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_a_blob_fires_once_and_starts_an_orchestration(host: Any, run: Any, app: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _):
            _put(tmp_path / "store", "input/monet/a clip ü.mp4", b"x" * 1000)
            outcome = await h.wait_for_blob("input", "monet/a clip ü.mp4", 60)
            assert (outcome.state, outcome.tries, outcome.function) == ("fired", 1, "on_upload")
            (instance,) = await h.instances()
            assert (await h.wait(instance.instance_id, 60)).output == "monet/a clip ü.mp4 by paint"
            await asyncio.sleep(0.2)
        async with host("triggers") as (h, _):
            await asyncio.sleep(0.3)
            assert len(app.SEEN) == 1
            assert app.SEEN[0][:2] == ("input", "monet/a clip ü.mp4")
            assert app.SEEN[0][3] == 1000

    run(scenario())


def test_a_changed_blob_has_another_etag_and_fires_again(
    host: Any, run: Any, app: Any, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _):
            _put(tmp_path / "store", "input/a.mp4", b"first")
            first = await h.wait_for_blob("input", "a.mp4", 60)
            _put(tmp_path / "store", "input/a.mp4", b"second")
            while len(app.SEEN) < 2:
                await asyncio.sleep(0.02)
            second = await h.wait_for_blob("input", "a.mp4", 60)
            known = FolderStore(tmp_path / "store").stat("input", "a.mp4")
            assert known is not None and first.etag != second.etag == known.etag
            assert app.SEEN[1][2].strip('"') == second.etag

    run(scenario())


def test_a_failing_function_is_tried_again_ever_later_and_then_given_up(
    host: Any, run: Any, app: Any, tmp_path: Path
) -> None:
    clock = ManualClock(jump_when_idle=False)

    async def failed(h: Any, times: int) -> None:
        while (outcome := h.blob_outcome("input", "bad.mp4")) is None or outcome.tries < times:
            await asyncio.sleep(0.01)
        while h.blob_outcome("input", "bad.mp4").state == "running":
            await asyncio.sleep(0.01)

    async def scenario() -> None:
        app.BROKEN.add("bad.mp4")
        async with host("triggers", clock=clock) as (h, _), asyncio.timeout(60):
            assert h.blob_outcome("input", "bad.mp4") is None
            _put(tmp_path / "store", "input/bad.mp4", b"x")
            for times, pause in ((1, 1), (2, 4)):
                await failed(h, times)
                clock.advance(timedelta(seconds=pause - 0.001))
                _put(tmp_path / "store", f"input/good{times}.mp4", b"x")
                assert (await h.wait_for_blob("input", f"good{times}.mp4")).state == "fired"
                outcome = h.blob_outcome("input", "bad.mp4")
                assert (outcome.state, outcome.tries) == ("failed", times)
                clock.advance(timedelta(seconds=0.001))
            outcome = await h.wait_for_blob("input", "bad.mp4")
            assert (outcome.state, outcome.tries) == ("poisoned", 3)
            assert outcome.error == "RuntimeError: bad.mp4 is broken"
            clock.advance(timedelta(hours=1))
            await asyncio.sleep(0.2)
            assert sum(seen[1] == "bad.mp4" for seen in app.SEEN) == 3

    run(scenario())


def test_what_is_no_blob_starts_nothing_and_is_told_of_once(
    host: Any, run: Any, app: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "film").write_bytes(b"film")
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "input").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "a link.mp4").symlink_to(tmp_path / "film")
    for name in (b"back\\slash.mp4", b"caf\xe9.mp4"):
        Path(os.fsdecode(os.fsencode(tmp_path / "disk") + b"/" + name)).write_bytes(b"film")

    async def scenario() -> None:
        async with host("triggers") as (h, _):
            _put(tmp_path / "store", "input/z.mp4", b"x")
            await h.wait_for_blob("input", "z.mp4", 60)
            assert [seen[1] for seen in app.SEEN] == ["z.mp4"]

    run(scenario())
    told = [record.message for record in caplog.records if "starts nothing" in record.message]
    assert len(told) == 3 and any(
        "a link.mp4' is no blob and starts nothing: it is a" in line for line in told
    )
    place = FolderPlace(tmp_path / "store")
    assert place.find("input", "z.mp4")
    assert not place.find("input", "a link.mp4") and not place.find("input", str(tmp_path / "film"))
    assert folder_blob(tmp_path / "store", "input", "z.mp4").exists()
    assert not folder_blob(tmp_path / "store", "input", "a link.mp4").exists()
    assert not folder_blob(tmp_path / "store", "input", f"/{tmp_path}/film").exists()


def test_names_that_are_not_final_do_not_fire(host: Any, run: Any, app: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _):
            for name in (".hidden.mp4", ".tmp/part.mp4", "deep/.tmp/part.mp4"):
                _put(tmp_path / "store", f"input/{name}", b"x")
            _put(tmp_path / "store", "other/a.mp4", b"x")
            _put(tmp_path / "store", "input/z.mp4", b"x")
            await h.wait_for_blob("input", "z.mp4", 60)
            await asyncio.sleep(0.1)
            assert [seen[1] for seen in app.SEEN] == ["z.mp4"]

    run(scenario())


def test_a_file_that_is_not_being_written_needs_one_look_alone(
    host: Any, run: Any, app: Any, tmp_path: Path
) -> None:
    old, new = tmp_path / "store" / "input" / "old.mp4", tmp_path / "store" / "input" / "new.mp4"
    _put(tmp_path / "store", "input/old.mp4", b"x")
    _put(tmp_path / "store", "input/new.mp4", b"x")
    os.utime(old, (time.time() - 60, time.time() - 60))
    os.utime(new, (time.time() + 3600, time.time() + 3600))  # as if it were written all the time

    async def scenario() -> None:
        async with host("triggers", poll_seconds=3600) as (h, _):
            outcome = await h.wait_for_blob("input", "old.mp4", 60)
            assert outcome.state == "fired"
            assert h.blob_outcome("input", "new.mp4") is None

    run(scenario())


def test_a_listing_that_had_to_wait_does_not_put_the_watch_to_sleep(
    host: Any, run: Any, app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, waits = FolderPlace.listing, iter([0.3, 0.3])

    def slow(self: FolderPlace, container: str) -> Any:
        time.sleep(next(waits, 0))
        return listing(self, container)

    monkeypatch.setattr(FolderPlace, "listing", slow)

    async def scenario() -> None:
        async with host("triggers") as (h, _):
            _put(tmp_path / "store", "input/a.mp4", b"x")
            await h.wait_for_blob("input", "a.mp4", 60)

    run(scenario())


def test_one_dear_listing_does_not_put_the_watch_to_sleep_but_dear_ones_do(
    host: Any, run: Any, app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, costs, listed = FolderPlace.listing, [0.3, 0.0, 0.3, 0.3, 0.0], list[float]()

    def dear(self: FolderPlace, container: str) -> Any:
        if container == "input":  # the first container of each scan
            end = time.thread_time() + (costs[len(listed)] if len(listed) < len(costs) else 0)
            while time.thread_time() < end:
                pass
            listed.append(time.monotonic())
        return listing(self, container)

    monkeypatch.setattr(FolderPlace, "listing", dear)
    monkeypatch.setattr("reelbrush.host.blob_watch._LONGEST_REST", 3.0)

    async def scenario() -> None:
        async with host("triggers"), asyncio.timeout(60):
            while len(listed) < 6:
                await asyncio.sleep(0.02)

    run(scenario())
    rests = [after - before for before, after in pairwise(listed)]
    assert rests[3] > 3.0 and min(rests[0], rests[2]) < 3.0, rests


def test_an_input_stream_holds_the_blob(host: Any, run: Any, app: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _):
            _put(tmp_path / "store", "documents/a.pdf", b"no")
            _put(tmp_path / "store", "documents/a.txt", b"text")
            await h.wait_for_blob("documents", "a.txt", 60)
            assert app.SEEN == [("documents/a.txt", b"text")]

    run(scenario())


def test_the_sdk_client_reads_by_ranges_and_writes_nothing(tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    data = os.urandom(40_000_000)
    _put(tmp_path, "input/big.bin", data)
    client = folder_blob(tmp_path, "input", "big.bin")
    assert client.exists()
    assert client.get_blob_properties().size == len(data)
    assert client.download_blob().readall() == data
    assert client.download_blob(offset=39_999_990, length=100).readall() == data[-10:]
    assert b"".join(client.download_blob().chunks()) == data
    _put(tmp_path, "input/empty", b"")
    assert folder_blob(tmp_path, "input", "empty").download_blob().readall() == b""
    assert not folder_blob(tmp_path, "input", "missing").exists()
    with pytest.raises(ResourceNotFoundError):
        folder_blob(tmp_path, "input", "../../etc/passwd").get_blob_properties()
    with pytest.raises(HttpResponseError):
        client.delete_blob()


def test_path_patterns() -> None:
    assert BlobPath("input/{name}").matches("a/b/c.mp4")
    assert BlobPath("input").matches("anything")
    assert BlobPath("input/{style}/{title}.mp4").matches("monet/x.mp4")
    assert not BlobPath("input/{style}/{title}.mp4").matches("x.mp4")
    assert not BlobPath("input/a.b").matches("a-b")
    for bad in ("", "{container}/x", "input/{a}/{a}"):
        with pytest.raises(HostError):
            BlobPath(bad)


def test_a_trigger_needs_a_place(tmp_path: Path, run: Any) -> None:
    with pytest.raises(HostError, match="neither a connection 'STORE' nor a store folder"):
        run(Host(APP, tmp_path, store_root=None).start())
    with pytest.raises(HostError, match="malformed") as caught:
        run(Host(APP, tmp_path, store_root=None, connections={"STORE": "AccountKey=secret"}).start())
    assert "secret" not in str(caught.value)
