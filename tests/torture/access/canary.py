"""A real server on another origin that must hear nothing, or answers as an attacker would."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def canary(
    status: int = 200, location: str = "", body: bytes = b"", content_type: str = "application/json"
) -> Generator[tuple[str, list[str]]]:
    """Serve on a free port; all requests are answered alike. Yields its address and all that it was sent."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
            heard.append(f"{self.requestline}\n{self.headers}\n{data.decode('latin-1')}")
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}", heard
    finally:
        running.shutdown()
        running.server_close()
        thread.join(60)
