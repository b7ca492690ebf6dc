"""Blob triggers on a storage account: Azurite, where it is installed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from reelbrush.host.blob_places import AccountPlace
from reelbrush.host.loader import load_app

APP = Path(__file__).parent / "apps" / "triggers"


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
