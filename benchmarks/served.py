"""A served app for the benchmarks: started, spoken with over kept connections, stopped."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 60


class Caller:
    """Calls an app over one connection that it keeps; for one thread."""

    def __init__(self, base_url: str) -> None:
        self._place = urlsplit(base_url).netloc
        self._connection: http.client.HTTPConnection | None = None

    def call(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return status and decoded body of one call. `url` is a path or absolute, `body` JSON or bytes."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if parts.netloc not in ("", self._place):
            return _answer(
                http.client.HTTPConnection(parts.netloc, timeout=60), method, target, data, headers
            )
        if self._connection is not None:
            try:
                return _answer(self._connection, method, target, data, headers)
            except (OSError, http.client.HTTPException):
                self._connection.close()  # the app closes connections that nobody uses for a while
        self._connection = http.client.HTTPConnection(self._place, timeout=60)
        return _answer(self._connection, method, target, data, headers)


def _answer(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    data: bytes | None,
    headers: Mapping[str, str] | None,
) -> tuple[int, Any]:
    connection.request(method, target, data, dict(headers or {}))
    answer = connection.getresponse()
    text = answer.read()
    kind = answer.headers.get("Content-Type") or ""
    return answer.status, json.loads(text) if "json" in kind else text


@contextmanager
def served(folder: Path, *options: str, **environment: str) -> Generator[tuple[str, int]]:
    """Run `reelbrush serve` over a folder; yield its address and its process id."""
    command = [sys.executable, "-m", "reelbrush", "serve", str(folder), "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        if "serving http" not in line:
            process.kill()
            raise SystemExit(line + process.stderr.read())
        address = next(word for word in line.split() if word.startswith("http")).rstrip(";/")
        _wait_for(address)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def submitted(caller: Caller, name: str, content: bytes, style: str) -> str:
    """Upload a small video under `name`, ask for its job and return the job's id."""
    code, ticket = caller.call(
        "POST", "/api/uploads", {"name": name, "sizeBytes": len(content), "style": style}
    )
    if code != 201:
        raise SystemExit(f"POST /api/uploads: {code} {ticket}")
    code, said = caller.call("PUT", ticket["uploadUrl"], content, ticket["headers"])
    if code != 201:
        raise SystemExit(f"PUT {ticket['uploadUrl']}: {code} {said!r}")
    code, job = caller.call("POST", "/api/jobs", {"blob": ticket["blob"], "style": style})
    if code not in (200, 201):
        raise SystemExit(f"POST /api/jobs: {code} {job}")
    return str(job["id"])


def _wait_for(address: str) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if Caller(address).call("GET", "/api/health")[0] == 200:
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise SystemExit(f"{address} does not answer")
        time.sleep(0.1)
