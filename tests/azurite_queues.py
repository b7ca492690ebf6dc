"""Storage accounts for tests with blobs and queues: Azurite in a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.absent import absent
from tests.azurite_account import ACCOUNT, INSTALLED, KEY


@contextmanager
def azurite_with_queues(folder: Path) -> Iterator[str]:
    """Run a fresh Azurite on `folder` and yield its connection string; skips the test where there is none."""
    path = os.pathsep.join([str(INSTALLED), os.environ.get("PATH", "")])
    programs = [shutil.which(f"azurite-{kind}", path=path) for kind in ("blob", "queue")]
    if None in programs:
        absent("Azurite is not installed (npm ci --prefix tests/azurite)")
    with ExitStack() as running:
        ports = [
            running.enter_context(_running(str(program), kind, folder / kind))
            for program, kind in zip(programs, ("blob", "queue"), strict=True)
        ]
        for port in ports:
            _await(port)
        blob, queue = (f"http://127.0.0.1:{port}/{ACCOUNT}" for port in ports)
        yield (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={blob};QueueEndpoint={queue};"
        )


@contextmanager
def _running(program: str, kind: str, folder: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--location", str(folder), "--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    process = subprocess.Popen(
        [program, f"--{kind}Port", str(port), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.kill()  # it would wait for the clients' idle connections
        process.wait()


def _await(port: int) -> None:
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
