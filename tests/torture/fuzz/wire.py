"""Requests that no client library would send, written byte by byte, and what came back."""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

WAIT = 60.0  # seconds for an answer


@dataclass(frozen=True)
class Target:
    """One route: method and path with its parameters in braces."""

    method: str
    path: str


@dataclass(frozen=True)
class Call:
    """What is sent: `head` up to the empty line, `body` in pieces.

    `cut`: the sender goes away at once; `short`: its body may not be what its head says.
    """

    head: bytes
    body: Sequence[bytes] = ()
    cut: bool = False
    short: bool = False


@dataclass(frozen=True)
class Answer:
    """Status 0: the connection was closed without an answer; -1: nothing came in a minute."""

    status: int
    head: str = ""
    body: bytes = b""


STRANGE = (
    "", ".", "..", "%2e%2e", "%2e%2e%2fetc%2fpasswd", "%252e%252e", "%00", "%", "%zz", "%c3%28", "%ff",
    "a%0d%0ax:%20y",
    "x" * 300, "x" * 9000, "clip-0123456789", "CLIP-0123456789", "-0123456789", "0", "-1", "1e9", "NaN",
    "null", "é", "%F0%9F%98%80",
    "' or 1=1 --", "$(id)", "{{7*7}}", "<script>", "input%2Fclip.mp4", "%5c%5chost", "con", "~", "*", "?",
    "#", ";", "@x", "a b",
)  # fmt: skip
QUERIES = (
    "top", "status", "token", "blob", "batch", "lines", "code", "showInput", "showHistory", "runtimeStatus",
    "createdTimeFrom",
    "createdTimeTo", "instanceIdPrefix", "reason", "restartWithNewInstanceId", "functionName", "_HLS_msn",
    "_HLS_part", "v", "se",
    "sp", "sig", "sz", "comp", "blockid", "version", "taskHub", "x",
)  # fmt: skip
HEADERS = (
    "Range", "If-None-Match", "If-Range", "If-Match", "If-Modified-Since", "Content-Type", "Accept",
    "Accept-Encoding", "Content-Encoding",
    "x-ms-blob-type", "x-ms-range", "x-ms-continuation-token", "X-Forwarded-Host", "X-Forwarded-Proto",
    "traceparent", "tracestate",
    "x-functions-key", "aeg-event-type", "Origin", "Cookie", "Expect", "Connection", "Upgrade", "Prefer",
    "x-ms-client-request-id",
)  # fmt: skip
VALUES = (
    "", "*", "bytes=0-", "bytes=-1", "bytes=5-2", "bytes=0-0,1-1", "bytes=99999999999999999999-",
    "bytes=-99999999999999999999",
    "bytes=a-b", "items=0-1", "0", "-1", "99999999999999999999999", "1.5", "x" * 4000, "W/\"x\"", '"',
    "application/json",
    "text/plain; charset=utf-16", "multipart/form-data", "gzip", "chunked", "BlockBlob", "100-continue",
    "close", "00-0-0-0",
    "00-" + "f" * 32 + "-" + "f" * 16 + "-01", "SubscriptionValidation", "Notification",
    "http://evil.example", "evil.example:80",
    "https", "javascript", "a=b; " * 200, "\xff\xfe", "%00", "2020-01-01T00:00:00Z", "9999-99-99",
    "0001-01-01T00:00:00+23:59",
    "Completed,Nonsense", "true", "null", "block", "blocklist",
)  # fmt: skip


def hostile_call(
    rng: random.Random,
    targets: Sequence[Target],
    known: dict[str, Sequence[str]],
    key: str,
    bodies: Sequence[bytes],
) -> Call:
    """Return a request to one of the routes; `known` are good values of parameters and signed addresses."""
    target = rng.choice(targets)
    signed = rng.random() < 0.15 and bool(known["signed"])
    path = rng.choice(known["signed"]) if signed else _filled(target.path, rng, known)
    method = (
        target.method
        if rng.random() < 0.85
        else rng.choice(("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "BREW"))
    )
    if signed:
        method = rng.choice(("GET", "HEAD", "PUT", "PUT", "OPTIONS", "DELETE"))
    if rng.random() < 0.4:
        pairs = [f"{rng.choice(QUERIES)}={_escaped(rng)}" for _ in range(rng.choice((1, 1, 2, 5)))]
        path += ("&" if "?" in path else "?") + "&".join(pairs)
    if rng.random() < 0.1:
        at = rng.randrange(1, len(path) + 1)
        path = path[:at] + rng.choice(STRANGE) + path[at:]
    lines = [f"{method} {path.replace(' ', '%20')} HTTP/1.1", "Host: 127.0.0.1"]
    if rng.random() < 0.9:
        lines.append(f"x-functions-key: {key}")
    if signed and method == "PUT" and rng.random() < 0.7:
        lines.append("x-ms-blob-type: BlockBlob")
    for _ in range(rng.choice((0, 0, 1, 1, 3))):
        lines.append(f"{rng.choice(HEADERS)}: {rng.choice(VALUES)}")
    if rng.random() < 0.02:
        lines += [f"X-Flood-{number}: {'y' * 50}" for number in range(rng.choice((90, 900)))]
    body = rng.choice(bodies) if method not in ("GET", "HEAD") or rng.random() < 0.1 else None
    return _with_body(rng, lines, body)


def _with_body(rng: random.Random, lines: list[str], body: bytes | None) -> Call:
    pieces, short = list[bytes](), False
    lines.append("Connection: close")
    if body is not None:
        how = rng.random()
        if how < 0.65:
            lines.append(f"Content-Length: {len(body)}")
            pieces = [body]
        elif how < 0.8:
            lines.append("Transfer-Encoding: chunked")
            size = rng.choice((1, 7, 1000, 1 << 16))
            parts = [body[at : at + size] for at in range(0, min(len(body), 50 * size), size)]
            pieces = [b"%x\r\n%s\r\n" % (len(part), part) for part in parts]
            short = True
            pieces.append(rng.choice((b"0\r\n\r\n", b"0\r\n\r\n", b"", b"zz\r\n", b"0\r\nX: y\r\n\r\n")))
        else:
            lie = rng.choice(
                ("0", "1", "-1", str(len(body) + 10), "9" * 20, "abc", f"{len(body)}, 3", "1e3", "+5")
            )
            lines.append(f"Content-Length: {lie}")
            short = True
            pieces = [body]
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return Call(head, pieces, rng.random() < 0.02, short)


def _filled(path: str, rng: random.Random, known: dict[str, Sequence[str]]) -> str:
    def value(match: re.Match[str]) -> str:
        good = known.get(match[1], ())
        return rng.choice(good) if good and rng.random() < 0.6 else rng.choice(STRANGE)

    return re.sub(r"\{(\w+)[^}]*\}", value, path)


def _escaped(rng: random.Random) -> str:
    return quote(rng.choice(VALUES)[:3000], safe=rng.choice(("", "%/:+")))


def send(base: str, call: Call) -> Answer:
    """Send the request and return the answer; the end of a connection counts as one."""
    parts = urlsplit(base)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=WAIT) as connection:
        try:
            for piece in (call.head, *call.body):
                connection.sendall(piece)
            if call.cut:
                return Answer(0)
            if call.short:  # whoever waits for the rest of a body learns that none comes
                connection.shutdown(socket.SHUT_WR)
            data = b"".join(_received(connection))
        except TimeoutError:
            return Answer(-1)
        except OSError:  # refused before all of it was sent
            return Answer(0)
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    return Answer(int(found[1]) if found else 0, head.decode("latin-1").lower(), body)


def _received(connection: socket.socket) -> Iterator[bytes]:
    end, got = time.monotonic() + WAIT, 0
    while time.monotonic() < end and (piece := connection.recv(1 << 16)):
        yield piece
        got += len(piece)
        if got > 1 << 24:
            return
