"""Accounts that cannot be reached: told once, asked ever more rarely, and no reason to wait at the end."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest

from reelbrush.host import Host
from reelbrush.host.loader import load_app
from reelbrush.host.outage import Outage
from tests.azurite_account import ACCOUNT, KEY

APPS = Path(__file__).parent / "apps"
NOWHERE = f"http://127.0.0.1:9/{ACCOUNT}"  # nobody listens
CONNECTION = (
    f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
    f"BlobEndpoint={NOWHERE};QueueEndpoint={NOWHERE};"
)


@pytest.mark.parametrize(("app", "connection"), [("queues", "Account"), ("triggers", "STORE")])
def test_a_host_without_its_account_says_so_once_and_stops_at_once(
    app: str,
    connection: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("THINGS_TO_DO", "things")
    monkeypatch.setenv("CLEAN_UP_AT", "0 0 4 * * *")
    load_app(APPS / app)

    def told() -> list[str]:
        return [record.message for record in caplog.records if "cannot be read" in record.message]

    async def scenario() -> None:
        connections = {connection: CONNECTION}
        async with Host(APPS / app, tmp_path, store_root=None, connections=connections, poll_seconds=0.02):
            async with asyncio.timeout(30):
                while not told():
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)

    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())  # which waits for the threads, too
    assert time.monotonic() - began < 30, "the SDK would try for 78 seconds"
    assert len(told()) == 1 and KEY not in told()[0]


def test_pauses_grow_and_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage("the queue", logging.getLogger("outage"), 0.1)
    outage.over()
    assert [outage.failed(OSError("gone")) for _ in range(9)] == [
        0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0,
    ]  # fmt: skip
    outage.over()
    outage.over()
    assert outage.failed(OSError("gone again")) == 0.1
    assert Outage("a slow watch", logging.getLogger("outage"), 3600).failed(OSError()) == 3600
    assert [record.message for record in caplog.records] == [
        "the queue cannot be read, trying again: gone",
        "the queue can be read again",
        "the queue cannot be read, trying again: gone again",
        "a slow watch cannot be read, trying again: ",
    ]
