"""Sending and fetching files: bounded memory, broken connections, stores that refuse."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reelbrush.cli.api import Api
from reelbrush.cli.blocks import send_file
from reelbrush.cli.fetch import fetch_file
from reelbrush.cli.logs import new_lines
from reelbrush.errors import ApiError
from reelbrush.store import BlobStore

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(answer: Answer) -> Generator[str]:
    """A real HTTP server on a free port that answers every request by `answer`; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        do_PUT = do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def reply(to: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    to.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()
    to.wfile.write(body)


def body_of(request: BaseHTTPRequestHandler) -> bytes:
    return request.rfile.read(int(request.headers["Content-Length"]))


def test_a_large_file_goes_up_in_blocks_and_little_memory(
    tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELBRUSH_TEST_ACCOUNT", account)
    store = BlobStore("env:REELBRUSH_TEST_ACCOUNT")
    store.put_bytes("input", "made", b"")
    content = os.urandom(1 << 20) * 24
    path = tmp_path / "large.mp4"
    path.write_bytes(content)
    url = store.signed_url("input", "a/large.mp4", write=True, seconds=600, size=len(content))
    sent: list[int] = []
    tracemalloc.start()
    send_file(
        path, len(content), url, {"x-ms-blob-type": "BlockBlob"}, sent.append, block_bytes=(1 << 20) + 7
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20, "never the whole file in memory"
    assert sent[-1] == len(content) and len(sent) == 24
    assert store.read_bytes("input", "a/large.mp4") == content
    back = tmp_path / "back.mp4"
    fetch_file(
        store.signed_url("input", "a/large.mp4", write=False, seconds=600), back, len(content), sent.append
    )
    assert back.read_bytes() == content


def test_a_block_is_sent_again_when_the_store_stumbles(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"abcdefghij")
    blocks: dict[str, bytes] = {}
    stumbled: list[str] = []
    listed: list[bytes] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        data = body_of(request)
        if "comp=blocklist" in request.path:
            listed.append(data)
        elif not stumbled:
            stumbled.append(request.path)
            return reply(request, 503)
        else:
            blocks[request.path] = data
        return reply(request, 201)

    with answering(answer) as base:
        send_file(path, 10, base + "/c/clip.mp4?sig=x", {}, lambda done: None, block_bytes=4)
    assert list(blocks.values()) == [b"abcd", b"efgh", b"ij"]
    assert stumbled[0] == next(iter(blocks)) and "?sig=x&comp=block&blockid=" in stumbled[0]
    assert listed[0].count(b"<Latest>") == 3


def test_a_refused_upload_is_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"abc")
    seen: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        body_of(request)
        seen.append(request.path)
        reply(request, 403)

    with answering(answer) as base, pytest.raises(ApiError, match="expired"):
        send_file(path, 3, base + "/c/clip.mp4", {}, lambda done: None)
    assert len(seen) == 1
    with pytest.raises(OSError, match="shorter"):
        send_file(path, 9, base, {}, lambda done: None)


def test_a_broken_download_goes_on_where_it_was(tmp_path: Path) -> None:
    content = os.urandom(100_000)
    ranges: list[str | None] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        ranges.append(request.headers["Range"])
        first = int((ranges[-1] or "bytes=0-")[6:-1])
        rest = content[first:]
        request.send_response(206 if first else 200)
        request.send_header("Content-Length", str(len(rest)))
        request.send_header("ETag", '"1"')
        request.end_headers()
        request.wfile.write(rest[:40_000])  # and then the connection ends

    with answering(answer) as base:
        fetch_file(base + "/clip.mp4", tmp_path / "clip.mp4", len(content), lambda done: None)
    assert (tmp_path / "clip.mp4").read_bytes() == content
    assert ranges == [None, "bytes=40000-", "bytes=80000-"]


@pytest.mark.parametrize(("status", "words"), [(412, "replaced"), (404, "refused"), (200, "instead of")])
def test_a_download_that_fails_leaves_the_file_as_it_was(tmp_path: Path, status: int, words: str) -> None:
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"mine")
    with (
        answering(lambda request: reply(request, status, b"x" * 12, ETag='"1"')) as base,
        pytest.raises(ApiError, match=words),
    ):
        fetch_file(base + "/clip.mp4", target, 10, lambda done: None)
    assert target.read_bytes() == b"mine" and list(tmp_path.iterdir()) == [target]


def test_the_key_goes_to_the_app_alone() -> None:
    keys: list[str | None] = []

    def elsewhere(request: BaseHTTPRequestHandler) -> None:
        keys.append(request.headers["x-functions-key"])
        reply(request, 200, b"{}", Content_Type="application/json")

    with answering(elsewhere) as other:
        with (
            answering(lambda request: reply(request, 302, Location=other + "/x")) as base,
            pytest.raises(ApiError, match="sends elsewhere"),
        ):
            Api(base, "secret").job("a-0123456789")
        assert keys == []
        Api(other, "secret").job("a-0123456789")
        assert keys == ["secret"]
        with pytest.raises(ApiError, match="leads elsewhere"):
            Api("http://127.0.0.1:1", "secret").jobs(link=other + "/api/jobs?token=1")
    with pytest.raises(ApiError, match="plain http"):
        Api("http://example.org", "secret")
    for wrong in ("ftp://example.org", "example.org", "file:///etc/passwd", "https://example.org/?code=1"):
        with pytest.raises(ApiError, match="no address of an app"):
            Api(wrong)
    with pytest.raises(ApiError, match="is not opened"):
        fetch_file("file:///etc/hostname", Path("/nowhere/x"), 1, lambda done: None)


def test_only_new_lines_of_a_log_are_printed() -> None:
    assert new_lines(["a", "b"], ["a", "b", "c"]) == ["c"]
    assert new_lines(["a", "b", "c"], ["b", "c", "d"]) == ["d"], "the tail has moved on"
    assert new_lines(["a"], ["a"]) == []
    assert new_lines(["a"], ["x", "y"]) == ["x", "y"]
    assert new_lines([], ["x"]) == ["x"]


def test_an_answer_that_was_lost_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"abc")
    seen: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        body_of(request)
        seen.append(request.path)
        if len(seen) == 1:
            return reply(request, 503)
        return reply(request, 403, x_ms_error_code="UnauthorizedBlobOverwrite")

    with answering(answer) as base:
        send_file(path, 3, base + "/c/clip.mp4?sig=x", {}, lambda done: None)
        with pytest.raises(ApiError, match="there is a video already"):
            send_file(path, 3, base + "/c/clip.mp4?sig=x", {}, lambda done: None)
    assert len(seen) == 3
