"""Real receivers of events on this machine."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Receiver:
    """What came, and what is answered: `answers` in turn, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    pause: float = 0.0  # seconds before an answer
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # path, headers, body

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.calls]

    def wait(self, calls: int, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while len(self.calls) < calls:
            assert time.monotonic() < end, "nothing came"
            time.sleep(0.01)


@contextlib.contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """Serve on a free port of 127.0.0.1; by https when `certificate` (PEM with key) is given."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.calls.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(receiver.pause)
            status = receiver.answers.pop(0) if receiver.answers else 200
            with contextlib.suppress(OSError):
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}/hook?a=1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
