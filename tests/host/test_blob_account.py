"""Blob triggers on a storage account: Azurite, where it is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import azure.identity
import pytest

from reelbrush.host.blob_places import AccountPlace
from reelbrush.host.loader import load_app
from tests.azurite_account import Credential, azurite_with_identity

APP = Path(__file__).parent / "apps" / "triggers"


@pytest.fixture(params=["key", "identity"])
def connection(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """What the host is told of a fresh account."""
    if request.param == "key":
        yield request.getfixturevalue("account")
        return
    with azurite_with_identity(tmp_path / "azurite") as url:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "azurite" / "cert.pem"))
        monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Credential)
        yield url


def test_an_upload_fires_once(host: Any, run: Any, connection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEAN_UP_AT", "0 0 4 * * *")
    load_app(APP)
    app = sys.modules["function_app"]
    app.SEEN.clear()
    place = AccountPlace(connection)
    assert list(place.listing("input")) == []
    assert place.find("input", "monet/a.mp4") is None

    async def scenario() -> None:
        async with host("triggers", connections={"STORE": connection}) as (h, _):
            client = place.client("input", "monet/a.mp4")
            place.service.create_container("input")
            client.upload_blob(b"x" * 1000)
            outcome = await h.wait_for_blob("input", "monet/a.mp4", 60)
            found = place.find("input", "monet/a.mp4")
            assert found is not None
            assert (outcome.state, outcome.etag) == ("fired", found.etag)
            assert [found] == list(place.listing("input"))
            assert [(seen[1], seen[3]) for seen in app.SEEN] == [("monet/a.mp4", 1000)]
            (instance,) = await h.instances()
            assert (await h.wait(instance.instance_id, 60)).output == "monet/a.mp4 by paint"

    run(scenario())
