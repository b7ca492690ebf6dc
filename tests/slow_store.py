"""A way to a storage account that takes its time and remembers what was asked for."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 0.015  # before each answer
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass
class SlowStore:
    """`connection` goes through it; `asked` are (path, first byte, byte after the last) of all reads."""

    connection: str
    asked: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])
    before: Callable[[int], object] = lambda first: None  # called with the first byte, may wait
    under_way: int = 0
    most_under_way: int = 0

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """What was asked for, in order of the bytes."""
        return sorted((first, end) for _, first, end in self.asked)

    @property
    def fetched(self) -> int:
        """Bytes."""
        return sum(end - first for first, end in self.ranges)


@contextmanager
def slow_store(connection: str) -> Generator[SlowStore]:
    """Stand before the account with this connection string, which listens on http://127.0.0.1."""
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", connection)[0])
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            wanted = _RANGE.search(self.headers.get("x-ms-range", ""))
            first, last = (int(wanted[1]), int(wanted[2])) if wanted else (0, -1)
            with lock:
                if self.command == "GET":
                    slow.asked.append((self.path.partition("?")[0], first, last + 1))
                slow.under_way += 1
                slow.most_under_way = max(slow.most_under_way, slow.under_way)
            try:
                slow.before(first)
                time.sleep(SECONDS)
                self._pass_on()
            finally:
                with lock:
                    slow.under_way -= 1

        do_HEAD = do_GET

        def do_PUT(self) -> None:
            self._pass_on()

        do_DELETE = do_PUT

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            behind = http.client.HTTPConnection("127.0.0.1", port)
            try:
                behind.request(self.command, self.path, body, dict(self.headers.items()))
                answer = behind.getresponse()
                data = answer.read()
            finally:
                behind.close()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "keep-alive"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    slow = SlowStore(connection.replace(f":{port}/", f":{server.server_port}/"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield slow
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
