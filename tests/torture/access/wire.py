"""Requests as they are written, which no client library would send."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What came back on a plain socket."""

    status: int
    head: str
    body: bytes


def sent(base: str, method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> Answer:
    """Send a request as it is written, which no client library would, and return the answer."""
    host, _, port = base.removeprefix("http://").partition(":")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        data = b""
        while piece := connection.recv(1 << 16):
            data += piece
    head, _, content = data.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]), head.decode("latin-1").lower(), content)
