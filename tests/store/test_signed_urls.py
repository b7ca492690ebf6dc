"""Signed addresses, used by a plain HTTP client as a browser would; all stores allow the same."""

from __future__ import annotations

import base64
import ssl
import stat
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from reelbrush.errors import StoreError
from reelbrush.store import BlobStore, FolderStore, Store
from reelbrush.store.account_cors import allow_origins, cors_command
from reelbrush.store.folder_links import end_of, link_key
from tests.azurite_account import ACCOUNT, KEY

Absolute = Callable[[str], str]
Answer = tuple[int, bytes, Message]
BLOCK = {"x-ms-blob-type": "BlockBlob"}


class Client:
    """A plain HTTP client."""

    def __init__(self, absolute: Absolute, trust: ssl.SSLContext | None) -> None:
        self._absolute, self._trust = absolute, trust

    def __call__(self, method: str, url: str, data: bytes | None = None, **headers: str) -> Answer:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self._absolute(url), data=data, method=method, headers=names)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self._trust) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers


@pytest.fixture
def http(absolute: Absolute, trust: ssl.SSLContext | None) -> Client:
    return Client(absolute, trust)


def test_a_blob_is_read_by_ranges(store: Store, box: str, http: Client) -> None:
    content = bytes(range(256)) * 4000
    store.put_bytes(box, "a b/ü 100%25 ?&#.mp4", content)
    url = store.signed_url(box, "a b/ü 100%25 ?&#.mp4", write=False, seconds=60, download_name="ü;.mp4")
    status, body, headers = http("GET", url)
    assert (status, body) == (200, content)
    blob = store.stat(box, "a b/ü 100%25 ?&#.mp4")
    assert blob is not None and headers["etag"] == f'"{blob.etag}"'
    assert headers["content-type"] == "video/mp4"
    assert headers["content-disposition"] == "attachment; filename=\"_;.mp4\"; filename*=UTF-8''%C3%BC%3B.mp4"
    status, body, headers = http("GET", url, Range="bytes=1000-1999")
    assert (status, body) == (206, content[1000:2000])
    assert headers["content-range"] == "bytes 1000-1999/1024000"
    assert http("GET", url, Range="bytes=2000000-")[0] == 416
    assert http("GET", url, If_None_Match=f'"{blob.etag}"')[0] == 304
    assert http("HEAD", url)[2]["content-length"] == "1024000"


def test_a_blob_is_written_whole_or_in_blocks(store: Store, box: str, http: Client) -> None:
    url = store.signed_url(box, "new/film.mp4", write=True, seconds=60)
    status, _, headers = http("PUT", url, b"first", **BLOCK)
    assert status == 201
    blob = store.stat(box, "new/film.mp4")
    assert blob is not None and headers["etag"] == f'"{blob.etag}"' and blob.size == 5
    assert http("PUT", url, b"x", **BLOCK, If_None_Match="*")[0] in (409, 412)
    url = store.signed_url(box, "new/long.mp4", write=True, seconds=60)
    ids = [base64.b64encode(f"{number:06d}".encode()).decode() for number in range(3)]
    for block in reversed(ids):
        assert http("PUT", f"{url}&comp=block&blockid={quote(block)}", block.encode() * 9)[0] == 201
    assert store.stat(box, "new/long.mp4") is None, "blocks alone make nothing"
    listed = "".join(f"<Latest>{block}</Latest>" for block in ids)
    commit = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
    url_of_other = store.signed_url(box, "new/none.mp4", write=True, seconds=60)
    assert http("PUT", url + "&comp=blocklist", commit, Content_Type="application/xml")[0] == 201
    assert store.read_bytes(box, "new/long.mp4") == b"".join(block.encode() * 9 for block in ids)
    unknown = commit.replace(ids[0].encode(), base64.b64encode(b"000009"))
    assert http("PUT", url_of_other + "&comp=blocklist", unknown, Content_Type="application/xml")[0] == 400


def test_an_address_is_for_one_blob_and_one_thing(store: Store, box: str, http: Client) -> None:
    store.put_bytes(box, "one.mp4", b"1")
    store.put_bytes(box, "two.mp4", b"2")
    read = store.signed_url(box, "one.mp4", write=False, seconds=60)
    write = store.signed_url(box, "one.mp4", write=True, seconds=60)
    assert http("GET", store.signed_url(box, "none.mp4", write=False, seconds=60))[0] == 404
    for method, url in (
        ("PUT", read),
        ("GET", write),
        ("GET", read.replace("one.mp4", "two.mp4")),
        ("PUT", write.replace("one.mp4", "two.mp4")),
        ("PUT", write.replace("one.mp4", "three.mp4")),
        ("GET", read.replace("sp=r", "sp=rcw")),
        ("PUT", read.replace("sp=r", "sp=c")),
        ("GET", store.signed_url(box, "one.mp4", write=False, seconds=-120)),
        ("PUT", store.signed_url(box, "one.mp4", write=True, seconds=-120)),
    ):
        assert http(method, url, b"evil" if method == "PUT" else None, **BLOCK)[0] == 403, (method, url)
    assert [(b.name, store.read_bytes(box, b.name)) for b in store.list(box)] == [
        ("one.mp4", b"1"),
        ("two.mp4", b"2"),
    ]


def test_an_address_does_not_change_from_call_to_call(store: Store, box: str) -> None:
    now = datetime.now(UTC)
    if now.second > 55:
        pytest.skip("the minute is about to end")
    first, again = (store.signed_url(box, "one.mp4", write=False, seconds=600) for _ in range(2))
    assert first == again
    (end,) = parse_qs(urlsplit(first).query)["se"]
    assert timedelta(0) <= datetime.fromisoformat(end) - now - timedelta(seconds=600) < timedelta(minutes=1)


def test_ends_are_whole_minutes() -> None:
    at = datetime(2026, 1, 1, 10, 0, 0, tzinfo=UTC)
    assert end_of(60, at) == at + timedelta(minutes=1)
    assert end_of(60, at + timedelta(microseconds=1)) == at + timedelta(minutes=2)
    assert end_of(61, at) == at + timedelta(minutes=2)


def test_the_account_key_stays_here(shared_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_CONNECTION", shared_account)
    store = BlobStore("env:STORE_CONNECTION")
    url = store.signed_url("input", "a.mp4", write=True, seconds=60)
    assert KEY not in url and quote(KEY) not in url and f"/{ACCOUNT}/input/a.mp4?" in url
    sas = shared_account.replace(f"AccountKey={KEY}", "SharedAccessSignature=sv=2020-01-01&sig=x")
    monkeypatch.setenv("STORE_CONNECTION", sas)
    with pytest.raises(StoreError, match="cannot be signed"):
        BlobStore("env:STORE_CONNECTION").signed_url("input", "a.mp4", write=False, seconds=60)


@pytest.mark.parametrize("store", ["identity"], indirect=True)
def test_one_delegation_key_signs_many_addresses(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(store, BlobStore)
    asked: list[tuple[datetime, datetime]] = []
    ask = store.service.get_user_delegation_key

    def counted(start: datetime, end: datetime) -> object:
        asked.append((start, end))
        return ask(start, end)

    monkeypatch.setattr(store.service, "get_user_delegation_key", counted)
    for name in ("a", "b"):
        query = parse_qs(urlsplit(store.signed_url("input", name, write=False, seconds=60)).query)
        assert query["spr"] == ["https"] and query["sks"] == ["b"]
    assert len(asked) == 1
    week = 7 * 86400
    query = parse_qs(urlsplit(store.signed_url("input", "a", write=False, seconds=week)).query)
    assert len(asked) == 2 and asked[1][1] - asked[1][0] <= timedelta(seconds=week)
    assert datetime.fromisoformat(query["se"][0]) <= datetime.fromisoformat(query["ske"][0])
    again = store.signed_url("input", "a", write=False, seconds=week)
    assert len(asked) == 2 and parse_qs(urlsplit(again).query) == query


def test_the_key_of_a_folder_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(link_key(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1 and len(found[0]) == 32
    assert [path.name for path in (tmp_path / ".keys").iterdir()] == ["url"]
    assert stat.S_IMODE((tmp_path / ".keys" / "url").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".keys").stat().st_mode) == 0o700
    assert link_key(tmp_path / "other") != found[0]
    assert FolderStore(tmp_path).signed_url("input", "a", write=False, seconds=60) == FolderStore(
        tmp_path
    ).signed_url("input", "a", write=False, seconds=60)


def test_pages_of_the_origin_may_upload(shared_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_CONNECTION", shared_account)
    store = BlobStore("env:STORE_CONNECTION")
    for port in (*range(7000, 7008), 7071, 7071):
        allow_origins(store, [f"http://127.0.0.1:{port}", f"http://localhost:{port}"])
    rules = store.service.get_service_properties()["cors"]
    assert [rule.allowed_origins[-5:] for rule in rules or []] == [
        ":7004",
        ":7005",
        ":7006",
        ":7007",
        ":7071",
    ]
    url = store.signed_url("input", "a.mp4", write=True, seconds=60)
    ask = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-ms-blob-type"}
    for origin, allowed in (("http://127.0.0.1:7071", True), ("http://evil", False)):
        headers = {**ask, "Origin": origin}
        request = urllib.request.Request(url, method="OPTIONS", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert allowed and answer.headers["access-control-allow-origin"] == origin
        except urllib.error.HTTPError as error:
            assert not allowed and error.code == 403
    command = cors_command(store, ["http://127.0.0.1:7071"])
    assert "--origins http://127.0.0.1:7071 " in command and command.endswith(f"--account-name {ACCOUNT}")
