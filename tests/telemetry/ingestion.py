"""A stand-in on this machine for the service that Azure Monitor's exporters send to."""

from __future__ import annotations

import contextlib
import gzip
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.certificates import self_signed


@dataclass
class Ingestion:
    """What came, by the kinds of Application Insights, and where to send it."""

    connection_string: str = ""
    envelopes: list[dict[str, Any]] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)  # client ids that tokens were asked for
    tokens: set[str] = field(default_factory=set)  # that telemetry came with
    environment: dict[str, str] = field(default_factory=dict)  # of a process with a managed identity

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return the envelopes with this baseType, such as RemoteDependencyData or MessageData."""
        return [e for e in self.envelopes if e["data"]["baseType"] == kind]

    def values(self, metric: str) -> list[float]:
        """Return all values of a metric."""
        found = [m for e in self.of_kind("MetricData") for m in e["data"]["baseData"]["metrics"]]
        return [m["value"] for m in found if m["name"] == metric]


@contextlib.contextmanager
def ingesting(folder: Path | None = None) -> Iterator[Ingestion]:
    """Serve on a free port of 127.0.0.1; given a `folder`, over TLS and with an endpoint of identities."""
    ingestion = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            ingestion.identities += query["client_id"]
            token = f"token of {query['client_id'][0]} for {query['resource'][0]}"
            self.answer(
                {"access_token": token, "expires_on": str(int(time.time()) + 9999), "token_type": "Bearer"}
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            envelopes = json.loads(body)
            ingestion.envelopes += envelopes
            count = len(envelopes)
            ingestion.tokens.add(self.headers.get("authorization", ""))
            self.answer({"itemsReceived": count, "itemsAccepted": count, "errors": []})

        def answer(self, document: dict[str, Any]) -> None:
            answer = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"{'https' if folder else 'http'}://127.0.0.1:{server.server_address[1]}/"
    ingestion.connection_string = (
        f"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint={address}"
    )
    if folder is not None:
        certificate = self_signed(folder / "ingestion.pem", ["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        ingestion.environment = {
            "REQUESTS_CA_BUNDLE": str(certificate),
            "IDENTITY_ENDPOINT": f"{address}msi/token",
            "IDENTITY_HEADER": "secret",
        }
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield ingestion
    finally:
        server.shutdown()
        server.server_close()
