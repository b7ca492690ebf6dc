"""A stand-in on this machine for the service that Azure Monitor's exporters send to."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Ingestion:
    """What came, by the kinds of Application Insights, and where to send it."""

    connection_string: str = ""
    envelopes: list[dict[str, Any]] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return the envelopes with this baseType, such as RemoteDependencyData or MessageData."""
        return [e for e in self.envelopes if e["data"]["baseType"] == kind]

    def values(self, metric: str) -> list[float]:
        """Return all values of a metric."""
        found = [m for e in self.of_kind("MetricData") for m in e["data"]["baseData"]["metrics"]]
        return [m["value"] for m in found if m["name"] == metric]


@contextlib.contextmanager
def ingesting() -> Iterator[Ingestion]:
    """Serve on a free port of 127.0.0.1."""
    ingestion = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            envelopes = json.loads(body)
            ingestion.envelopes += envelopes
            count = len(envelopes)
            answer = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ingestion.connection_string = (
        "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
        f"IngestionEndpoint=http://127.0.0.1:{server.server_address[1]}/"
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield ingestion
    finally:
        server.shutdown()
        server.server_close()
