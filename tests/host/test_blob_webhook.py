"""Event Grid's webhook for blob triggers, over HTTP: handshakes, events, keys."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelbrush.host.blob_webhook import blob_of_event

HOOK = "/runtime/webhooks/blobs?functionName=Host.Functions.on_upload"
NAME = "monet/ein Film, 100% #1 + ü.mp4"


@pytest.fixture(autouse=True)
def app(triggers_app: Any) -> Any:
    return triggers_app


def event(name: str, container: str = "input") -> dict[str, Any]:
    """Return what Event Grid tells of a blob, in its own schema."""
    return {
        "topic": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/data",
        "subject": f"/blobServices/default/containers/{container}/blobs/{name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "data": {
            "api": "PutBlockList",
            "eTag": "0x8D4BCC2E4835CD0",
            "blobType": "BlockBlob",
            "url": f"https://data.blob.core.windows.net/{container}/{quote(name)}",
        },
        "dataVersion": "",
        "metadataVersion": "1",
    }


async def send(url: str, body: Any = None, method: str = "POST", **headers: str) -> tuple[int, bytes, Any]:
    def call() -> tuple[int, bytes, Any]:
        data = None if body is None else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            request = urllib.request.Request(url, data, names, method=method)
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    return await asyncio.to_thread(call)


def test_an_event_calls_the_function_though_no_scan_has_seen_the_blob(
    host: Any, run: Any, app: Any, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with host("triggers", poll_seconds=3600) as (h, _):
            hook = h.base_url + HOOK
            (tmp_path / "store" / "input" / "monet").mkdir(parents=True)
            await asyncio.sleep(0.2)
            (tmp_path / "store" / "input" / NAME).write_bytes(b"x" * 1000)
            nobodys = ("gone.mp4", "a\0b.mp4", "a" * 300, "../../input/" + NAME, "../" * 3 + "etc/hostname")
            events = [event(NAME), *(event(name) for name in nobodys), event(NAME, "output")]
            for _ in range(2):
                assert (await send(hook, events, aeg_event_type="Notification"))[0] == 202
            async with asyncio.timeout(60):
                while len(app.SEEN) < 2:
                    await asyncio.sleep(0.02)
            assert [(seen[1], seen[3]) for seen in app.SEEN] == [(NAME, 1000)] * 2, "told twice, called twice"

    run(scenario())


def test_both_handshakes(host: Any, run: Any) -> None:
    code = {"validationCode": "512d38b6", "validationUrl": "https://rp-eastus2.eventgrid.azure.net"}

    async def scenario() -> None:
        async with host("triggers") as (h, _):
            hook = h.base_url + HOOK
            kind = {"aeg_event_type": "SubscriptionValidation"}
            for asked in ([{"data": code}], {"data": json.dumps(code)}):
                status, body, _ = await send(hook, asked, **kind)
                assert (status, json.loads(body)) == (200, {"validationResponse": "512d38b6"})
            origin = {"WebHook_Request_Origin": "eventgrid.azure.net"}
            status, _, headers = await send(hook, method="OPTIONS", **origin)
            assert (status, headers["WebHook-Allowed-Origin"]) == (200, "eventgrid.azure.net")
            assert (await send(hook, [], aeg_event_type="Unsubscribe"))[0] == 202
            assert (await send(hook, [event("a")]))[0] == 400, "without a word on what it is"
            for nonsense in ("text", [1], [{}], [{"data": {"url": "https://x/y"}}]):
                assert (await send(hook, nonsense, aeg_event_type="Notification"))[0] == 400
            assert (await send(hook, [{}], **kind))[0] == 400
            for other in ("start_on_nothing", "repaint"):
                unknown = hook.replace("on_upload", other)
                assert (await send(unknown, [], aeg_event_type="Notification"))[0] == 404

    run(scenario())


def test_without_the_key_nobody_calls(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host("triggers", keys=["system-key"]) as (h, _):
            hook = h.base_url + HOOK
            assert (await send(hook, [], aeg_event_type="Notification"))[0] == 401
            assert (await send(f"{hook}&code=system-key", [], aeg_event_type="Notification"))[0] == 202

    run(scenario())


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_a_blob_is_known_by_its_address(name: str) -> None:
    for address in ("https://data.blob.core.windows.net", "http://127.0.0.1:10000/devstoreaccount1"):
        told = {"data": {"url": f"{address}/input/{quote(name)}"}}
        assert blob_of_event(told) == ("input", name)
