"""The stores that tests ask: a folder, an account by its key, an account by identity."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import azure.identity
import pytest

from reelbrush.host.blob_http import BlobEndpoint
from reelbrush.host.server import LocalServer
from reelbrush.store import BlobStore, FolderStore, Store
from tests.azurite_account import Credential, azurite, azurite_with_identity


@pytest.fixture(scope="module")
def shared_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite(tmp_path_factory.mktemp("azurite")) as connection:
        yield connection


@pytest.fixture(scope="module")
def identity_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("azurite-identity")
    with azurite_with_identity(folder) as url:
        yield url, folder / "cert.pem"


@pytest.fixture(params=["folder", "account", "identity"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    if request.param == "account":
        monkeypatch.setenv("STORE_CONNECTION", request.getfixturevalue("shared_account"))
        return BlobStore("env:STORE_CONNECTION")
    url, certificate = request.getfixturevalue("identity_account")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Credential)
    return BlobStore(url)


@pytest.fixture
def trust(request: pytest.FixtureRequest, store: Store) -> ssl.SSLContext | None:
    """What a plain HTTP client needs to talk to the store."""
    if not store.uri.startswith("https:"):
        return None
    return ssl.create_default_context(cafile=str(request.getfixturevalue("identity_account")[1]))


@pytest.fixture
def box(request: pytest.FixtureRequest) -> str:
    """A container of the test's own."""
    return f"c{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def absolute(store: Store) -> Iterator[Callable[[str], str]]:
    """Complete the addresses of a store; those of a folder are served by the host's endpoint."""
    if not isinstance(store, FolderStore):
        yield str
        return
    server = LocalServer(0)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        started = server.start([BlobEndpoint(store.root).route])
        asyncio.run_coroutine_threadsafe(started, loop).result(60)
        yield lambda url: server.base_url + url
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
