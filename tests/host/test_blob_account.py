"""Blob triggers on a storage account: Azurite, where it is installed (`npm install -g azurite`)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from reelbrush.host.blob_places import AccountPlace
from reelbrush.host.loader import load_app

APP = Path(__file__).parent / "apps" / "triggers"
# The account and key that every Azurite has, as its documentation publishes them.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture
def account(tmp_path: Path) -> Iterator[str]:
    """The connection string of a fresh Azurite."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--blobPort",
        str(port),
        "--location",
        str(tmp_path / "azurite"),
        "--skipApiVersionCheck",
        "--silent",
    ]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
        )
    finally:
        process.terminate()
        process.wait()


def test_an_upload_fires_once(host: Any, run: Any, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEAN_UP_AT", "0 0 4 * * *")
    load_app(APP)
    app = sys.modules["function_app"]
    app.SEEN.clear()
    place = AccountPlace(account)
    assert list(place.listing("input")) == []
    assert place.find("input", "monet/a.mp4") is None

    async def scenario() -> None:
        async with host("triggers", connections={"STORE": account}) as (h, _):
            container = BlobServiceClient.from_connection_string(account).create_container("input")
            container.upload_blob("monet/a.mp4", b"x" * 1000)
            outcome = await h.wait_for_blob("input", "monet/a.mp4", 10)
            found = place.find("input", "monet/a.mp4")
            assert found is not None
            assert (outcome.state, outcome.etag) == ("fired", found.etag)
            assert [found] == list(place.listing("input"))
            assert [(seen[1], seen[3]) for seen in app.SEEN] == [("monet/a.mp4", 1000)]
            (instance,) = await h.instances()
            assert (await h.wait(instance.instance_id, 5)).output == "monet/a.mp4 by paint"

    run(scenario())
