"""Real storage accounts for tests: Azurite in a process of its own."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.absent import absent
from tests.certificates import self_signed

# The account and key that every Azurite has, as its documentation publishes them.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
PATIENCE = 120.0  # seconds, on a busy machine
INSTALLED = Path(__file__).parent / "azurite" / "node_modules" / ".bin"


def azurite_command(folder: Path) -> tuple[int, list[str]]:
    """Return a free port, and what runs Azurite there on `folder`; skips the test where there is none."""
    path = os.pathsep.join([str(INSTALLED), os.environ.get("PATH", "")])
    program = shutil.which("azurite-blob", path=path)
    if program is None:
        absent("Azurite is not installed (npm ci --prefix tests/azurite)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck", "--silent"]
    return port, [program, *options, "--disableTelemetry"]  # it would report every test to its makers


def wait_for_azurite(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when it answers."""
    end = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > end:
            raise TimeoutError(f"Azurite does not start: {process.args}")
        time.sleep(0.05)


def connection_string(port: int) -> str:
    """Return that of an Azurite on `port`."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
    )


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """Run a fresh Azurite on `folder` and yield its connection string; skips the test where there is none."""
    with _running(folder) as port:
        yield connection_string(port)


@contextmanager
def azurite_with_identity(folder: Path, log: Path | None = None) -> Iterator[str]:
    """Run a fresh Azurite that takes tokens, and yield its https address.

    Its certificate is `folder`/cert.pem; `Credential` is what it lets in. Every request is written to `log`,
    if given, with its headers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    certificate = str(self_signed(folder / "cert.pem"))
    debug = ["--debug", str(log)] if log else []
    with _running(folder, "--oauth", "basic", "--cert", certificate, "--key", certificate, *debug) as port:
        yield f"https://127.0.0.1:{port}/{ACCOUNT}"


class Credential:
    """Stands for DefaultAzureCredential; its tokens have all that Azurite looks at, but no signature."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Return a token of one hour."""
        from azure.core.credentials import AccessToken

        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com",
            "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
            "iat": now,
            "nbf": now - 60,
            "exp": now + 3600,
            "oid": "11059fcc-5514-4800-b5f8-49808b9cfab6",
            "tid": "ab1f708d-50f6-404c-a006-d71b2ac7a606",
        }
        parts = ({"alg": "none", "typ": "JWT"}, claims, {})
        encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
        return AccessToken(".".join(encoded), now + 3600)


@contextmanager
def _running(folder: Path, *more: str) -> Iterator[int]:
    port, command = azurite_command(folder)
    process = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_azurite(process, port)
        yield port
    finally:
        process.kill()  # it would wait for the clients' idle connections
        process.wait()
