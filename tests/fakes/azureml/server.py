"""The proxy: one port that ends TLS for the hosts of the service and refuses all others."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
import urllib.parse
import uuid
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.certificates import self_signed
from tests.fakes.azureml import texts
from tests.fakes.azureml.calls import Call
from tests.fakes.azureml.routing import ARM, BLOB, DATA, LOCAL, Match, find
from tests.fakes.azureml.service import Service
from tests.fakes.azureml.wire import Refusal, Reply, Request

HOSTS = (ARM, f"*.{DATA}", f"*.{BLOB}")


class Server:
    """Listens on 127.0.0.1. `certificate` is what clients have to trust."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.certificate = self_signed(folder / "stand-in.pem", HOSTS)
        self.closing = threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.context = context
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = _Listener(("127.0.0.1", 0), _bound(self))
        self.address = f"http://127.0.0.1:{self._listener.server_address[1]}"
        service.address = self.address
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.02,), name="stand-in server", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and break all connections."""
        self.closing.set()
        self._listener.shutdown()
        self._listener.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    @contextlib.contextmanager
    def watched(self, connection: socket.socket) -> Any:
        """Know a connection while it is served."""
        with self._lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: clients of tests break connections as they like."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Server
    inside = False  # the TLS of a tunnel

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def do_CONNECT(self) -> None:
        """Open a tunnel that ends here."""
        host = self.path.rsplit(":", 1)[0].lower()
        if not (host == ARM or host.endswith((f".{DATA}", f".{BLOB}"))):
            self.owner.service.log.refuse(host)
            self.send_error(502, "unknown host")
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.close_connection = True
        with (
            contextlib.suppress(OSError),
            self.owner.watched(self.connection),
            self.owner.context.wrap_socket(self.connection, server_side=True) as tunnel,
            self.owner.watched(tunnel),
        ):
            _tunnelled(self.owner)(tunnel, self.client_address, self.server)

    def _serve(self) -> None:
        began = time.monotonic()
        request = self._read()
        if request is None:
            return
        match = find(request)
        operation = match.route.operation if match else ""
        fault = ""
        if self.inside:
            fault = self.owner.service.faults.of_call(operation, f"{request.method} {request.path}")
        reply = Reply(0)
        if fault == "hang":
            self._note(request, operation, reply, fault, began)
            self.owner.closing.wait()
            self.close_connection = True
            return
        reply = texts.refusal(fault).reply() if texts.is_refusal(fault) else self._answer(request, match)
        if fault == "lost":
            reply = Reply(0)
        self._note(request, operation, reply, fault, began)
        if fault == "lost":
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(request, reply)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve

    def _read(self) -> Request | None:
        target = urllib.parse.urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").split(":")[0].lower()
        if target.scheme and target.hostname not in ("127.0.0.1", "localhost"):
            # A plain http request through the proxy leaves the machine as surely as a tunnel.
            self.owner.service.log.refuse(target.hostname or "")
            self.send_error(502, "unknown host")
            return None
        # Clients send head and body apart; without this the body waits 40 ms for the kernel to acknowledge.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        body = b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        elif length := int(headers.get("content-length") or 0):
            body = self.rfile.read(length)
        path = "/" + urllib.parse.unquote(target.path).lstrip("/")
        query = dict(urllib.parse.parse_qsl(target.query, keep_blank_values=True))
        return Request(self.command, host if self.inside else LOCAL, path, query, headers, body)

    def _answer(self, request: Request, match: Match | None) -> Reply:
        service = self.owner.service
        try:
            if match is None:
                message = f"the stand-in does not know {request.method} {request.host}{request.path}"
                service.bugs.append(NotImplementedError(message))
                raise Refusal(404, "NotImplemented", message)
            if not match.route.open:
                service.tokens.check(request.headers.get("authorization", ""), request.host)
            if match.workspace is not None:
                here = (service.subscription, service.group, service.name)
                if [part.lower() for part in match.workspace] != [part.lower() for part in here]:
                    raise Refusal(
                        404,
                        "ResourceNotFound",
                        f"The Resource 'Microsoft.MachineLearningServices/workspaces/{match.workspace[2]}' "
                        f"under resource group '{match.workspace[1]}' was not found.",
                    )
            return match.route.handler(service, request, **match.values)
        except Refusal as refusal:
            return refusal.reply()
        except Exception as bug:
            service.bugs.append(bug)
            return Refusal(500, "StandInBug", repr(bug)).reply()

    def _send(self, request: Request, reply: Reply) -> None:
        headers = {"Content-Length": str(len(reply.body)), "x-ms-request-id": str(uuid.uuid4())}
        headers |= reply.headers
        lines = [f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        with contextlib.suppress(OSError):
            self.wfile.write(head if request.method == "HEAD" else head + reply.body)

    def _note(self, request: Request, operation: str, reply: Reply, fault: str, began: float) -> None:
        body: Any = None
        if operation != "blob" and request.body[:1] in (b"{", b"["):
            with contextlib.suppress(ValueError):
                body = json.loads(request.body)
        query = {name: value for name, value in request.query.items() if name != "sig"}
        self.owner.service.log.add(
            Call(
                began,
                time.monotonic() - began,
                operation,
                request.method,
                request.host,
                request.path,
                query,
                reply.status,
                fault,
                request.headers.get("user-agent", ""),
                body,
            )
        )


def _bound(owner: Server) -> type[_Handler]:
    return type("Proxy", (_Handler,), {"owner": owner})


def _tunnelled(owner: Server) -> type[_Handler]:
    return type("Tunnel", (_Handler,), {"owner": owner, "inside": True})
