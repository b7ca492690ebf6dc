"""A real storage account for tests: Azurite in a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# The account and key that every Azurite has, as its documentation publishes them.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
INSTALLED = Path(__file__).parent / "azurite" / "node_modules" / ".bin"


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """Run a fresh Azurite on `folder` and yield its connection string; skips the test where there is none."""
    path = os.pathsep.join([str(INSTALLED), os.environ.get("PATH", "")])
    program = shutil.which("azurite-blob", path=path)
    if program is None:
        pytest.skip("Azurite is not installed (npm ci --prefix tests/azurite)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck", "--silent"]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
        )
    finally:
        process.kill()  # it would wait for the clients' idle connections
        process.wait()
