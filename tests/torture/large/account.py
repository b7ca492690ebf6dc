"""A storage account over a folder, which counts what is asked of it and fails where a test wishes.

As much of the Blob service's REST as large blobs take: properties, ranges, blocks, lists of blocks. Blocks
are counted and summed, not kept.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tests.azurite_account import ACCOUNT, KEY

Fault = Literal["503", "reset", "short"]
_RANGE = re.compile(r"bytes=(\d+)-(\d+)?")
_LATEST = re.compile(rb"<Latest>([^<]*)</Latest>")
_PIECE = 1 << 18  # bytes read and sent at once


@dataclass(frozen=True)
class Block:
    """What was put."""

    size: int
    crc: int


@dataclass
class Account:
    """`films` are files by blob name, in any container; blobs that were uploaded are lists of blocks."""

    connection: str = ""
    films: dict[str, Path] = field(default_factory=dict[str, Path])
    etags: dict[str, str] = field(default_factory=dict[str, str])  # by name; "v1" otherwise
    fault: Callable[[int], Fault | None] = lambda number: None  # of the request with this number, from 0
    requests: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  # first, end (exclusive)
    sent: int = 0  # bytes of bodies
    unconditional: int = 0  # reads of a range without If-Match
    pending: dict[str, dict[str, Block]] = field(default_factory=dict[str, dict[str, Block]])
    blobs: dict[str, list[Block]] = field(default_factory=dict[str, list[Block]])
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def largest(self) -> int:
        """Bytes of the largest range that was asked for."""
        return max((end - first for first, end in self.ranges), default=0)

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests = self.sent = self.unconditional = 0
        self.ranges.clear()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    account: Account

    def do_HEAD(self) -> None:
        name = self._name()
        size = self._size(name)
        if size is None:
            return self._answer(404, {"x-ms-error-code": "BlobNotFound"})
        self._answer(200, self._described(name), length=size)

    def do_GET(self) -> None:
        account, name = self.account, self._name()
        size = self._size(name)
        if size is None:
            return self._answer(404, {"x-ms-error-code": "BlobNotFound"})
        wanted = _RANGE.search(self.headers.get("x-ms-range") or self.headers.get("Range") or "bytes=0-")
        assert wanted is not None
        first, end = int(wanted[1]), min(size, int(wanted[2] or size - 1) + 1)
        with account.lock:
            number, account.requests = account.requests, account.requests + 1
            account.ranges.append((first, end))
            account.unconditional += self.headers.get("If-Match") is None
        fault = account.fault(number)
        if fault == "503":
            return self._answer(503, {"x-ms-error-code": "ServerBusy"})
        if fault == "reset":
            return self._reset()
        with account.lock:  # one version is described, compared and sent
            described, film = self._described(name), account.films[name]
        if self.headers.get("If-Match") not in (None, described["ETag"]):
            return self._answer(412, {"x-ms-error-code": "ConditionNotMet"})
        described["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        self._answer(206, described, end - first)
        self._send(film, first, end, cut=fault == "short")

    def do_PUT(self) -> None:
        account, name = self.account, self._name()
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        with account.lock:
            number, account.requests = account.requests, account.requests + 1
        fault = account.fault(number)
        left, crc, listed = int(self.headers.get("Content-Length") or 0), 0, b""
        size = left
        if fault in ("reset", "short"):
            self.rfile.read(left // 2)
            return self._reset()
        while left:
            piece = self.rfile.read(min(_PIECE, left))
            if not piece:  # the client has gone
                self.close_connection = True
                return
            left -= len(piece)
            crc = zlib.crc32(piece, crc)
            if query.get("comp") == "blocklist":
                listed += piece
        if fault == "503":
            return self._answer(503, {"x-ms-error-code": "ServerBusy"})
        with account.lock:
            if query.get("comp") == "block":
                account.pending.setdefault(name, {})[query["blockid"]] = Block(size, crc)
            elif query.get("comp") == "blocklist":
                blocks = account.pending.pop(name, {})
                account.blobs[name] = [blocks[found.decode()] for found in _LATEST.findall(listed)]
            else:
                account.blobs[name] = [Block(size, crc)]
        self._answer(201, self._described(name))

    def _name(self) -> str:
        """The blob's, without account and container."""
        return unquote(urlsplit(self.path).path).split("/", 3)[-1]

    def _size(self, name: str) -> int | None:
        if name in self.account.films:
            return self.account.films[name].stat().st_size
        blocks = self.account.blobs.get(name)
        return None if blocks is None else sum(block.size for block in blocks)

    def _described(self, name: str) -> dict[str, str]:
        return {
            "ETag": f'"{self.account.etags.get(name, "v1")}"',
            "Last-Modified": formatdate(0, usegmt=True),
            "x-ms-blob-type": "BlockBlob",
            "Content-Type": "application/octet-stream",
        }

    def _answer(self, status: int, headers: dict[str, str], length: int = 0) -> None:
        self.send_response_only(status)
        for key, value in {"x-ms-version": "2025-01-05", **headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send(self, film: Path, first: int, end: int, *, cut: bool) -> None:
        stop = first + (end - first) // 2 if cut else end
        with film.open("rb") as file:
            file.seek(first)
            while first < stop and (piece := file.read(min(_PIECE, stop - first))):
                self.wfile.write(piece)
                first += len(piece)
                with self.account.lock:
                    self.account.sent += len(piece)
        if cut:
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away, or was made to, is no news."""


@contextmanager
def counting_account() -> Generator[Account]:
    """Serve an account on a free port."""
    account = Account()
    handler = type("Handler", (_Handler,), {"account": account})
    server = _Server(("127.0.0.1", 0), handler)
    account.connection = (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"BlobEndpoint=http://127.0.0.1:{server.server_port}/{ACCOUNT};"
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
