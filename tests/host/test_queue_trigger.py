"""Queue triggers on Azurite: at least once, several at a time, tried again, given up."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import azure.identity
import pytest
from azure.storage.queue import QueueClient

from reelbrush.errors import HostError
from reelbrush.host import Host, queue_place, queue_watch
from reelbrush.host.app_settings import read_app_settings
from reelbrush.host.loader import load_app
from tests.azurite_queues import azurite_with_queues

APP = Path(__file__).parent / "apps" / "queues"
QUEUE = "things"


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite_with_queues(tmp_path_factory.mktemp("azurite")) as connection:
        yield connection


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("THINGS_TO_DO", QUEUE)
    load_app(APP)
    module = sys.modules["function_app"]
    module.SEEN.clear()
    module.BROKEN.clear()
    module.AT_ONCE[:] = [0, 0]
    return module


@pytest.fixture
def things(azurite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueClient]:
    """The queue that the app's trigger names, with nothing in it; the environment says where it is."""
    monkeypatch.setenv("Account", azurite)
    client = QueueClient.from_connection_string(azurite, QUEUE)
    client.create_queue()
    yield client
    client.delete_queue()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def until(check: Callable[[], Any], seconds: float = 60) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await asyncio.to_thread(check)):
            await asyncio.sleep(0.03)
    return found


def left(client: QueueClient) -> int:
    return int(client.get_queue_properties().approximate_message_count or 0)


def test_messages_are_done_once_and_several_at_a_time(
    host: Any, run: Any, app: Any, things: QueueClient
) -> None:
    texts = [f"ein Ding {number} ü" for number in range(12)]

    async def scenario() -> None:
        for text in texts:
            things.send_message(encoded(text))
        async with host("queues", store_root=None) as (h, _):
            await until(lambda: left(things) == 0)
            done = [await h.wait(instance.instance_id, 60) for instance in await h.instances()]
            assert sorted(str(instance.output) for instance in done) == sorted(texts)
            assert sorted(app.SEEN) == sorted((text, 1) for text in texts)
            assert 2 <= app.AT_ONCE[1] <= 5, "newBatchThreshold and a batch on top"

    run(scenario())


def test_a_failing_message_is_tried_again_and_then_poison(
    host: Any, run: Any, app: Any, things: QueueClient, azurite: str
) -> None:
    poison = QueueClient.from_connection_string(azurite, f"{QUEUE}-poison")

    async def scenario() -> None:
        app.BROKEN.add("bad")
        for text in (encoded("bad"), encoded("good"), "neither base64 nor expected"):
            things.send_message(text)
        async with host("queues", store_root=None):
            await until(lambda: left(things) == 0)
        kept = [message.content for message in poison.receive_messages()]
        assert sorted(kept) == sorted([encoded("bad"), "neither base64 nor expected"])
        assert [tries for text, tries in app.SEEN if text == "bad"] == [1, 2, 3]
        assert [tries for text, tries in app.SEEN if text == "good"] == [1]

    run(scenario())
    poison.delete_queue()


def test_a_message_stays_hidden_while_its_function_runs(
    host: Any, run: Any, app: Any, things: QueueClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_place, "HOLD_SECONDS", 2)
    monkeypatch.setattr(queue_watch, "HOLD_SECONDS", 2)
    monkeypatch.setattr(queue_watch, "_RENEW_SECONDS", 0.5)
    monkeypatch.setattr(app, "SECONDS", [3])

    async def scenario() -> None:
        things.send_message(encoded("slow"))
        async with host("queues", store_root=None):
            await until(lambda: left(things) == 0)
        assert app.SEEN == [("slow", 1)]

    run(scenario())


def test_a_queue_that_is_not_there_yet_is_waited_for(
    host: Any, run: Any, app: Any, things: QueueClient, monkeypatch: pytest.MonkeyPatch, azurite: str
) -> None:
    monkeypatch.setenv("THINGS_TO_DO", "later")
    later = QueueClient.from_connection_string(azurite, "later")

    async def scenario() -> None:
        async with host("queues", store_root=None):
            await asyncio.sleep(0.2)
            later.create_queue()
            later.send_message(encoded("first"))
            await until(lambda: app.SEEN)

    run(scenario())


def test_a_queue_needs_a_connection(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostError, match="no connection 'Account'"):
        run(Host(APP, tmp_path, store_root=None).start())
    monkeypatch.setenv("Account", "AccountKey=secret")
    with pytest.raises(HostError, match="malformed") as caught:
        run(Host(APP, tmp_path, store_root=None).start())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "value", "address"),
    [
        ("accountName", "ops", "https://ops.queue.core.windows.net/things"),
        ("queueServiceUri", "https://ops.queue.example.org", "https://ops.queue.example.org/things"),
    ],
)
def test_an_identity_signs_in_where_the_environment_says(
    setting: str, value: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    class Credential(azure.identity.DefaultAzureCredential):
        def __init__(self, **options: Any) -> None:
            asked.append(options)
            super().__init__(**options)

    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Credential)
    monkeypatch.setenv(f"Account__{setting}", value)
    place = queue_place.queue_place("Account", QUEUE, {})
    assert place._queue.url == address  # pyright: ignore[reportPrivateUsage]
    assert asked and not any(asked), "the only identity, or the developer's own"
    asked.clear()
    monkeypatch.setenv("Account__clientId", client := "11059fcc-5514-4800-b5f8-49808b9cfab6")
    queue_place.queue_place("Account", QUEUE, {})
    assert asked and all(options == {"managed_identity_client_id": client} for options in asked)


def test_what_host_json_does_not_say_is_as_in_azure(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    queues = read_app_settings(tmp_path).queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.max_tries) == (16, 8, 5)
    assert (queues.retry_seconds, queues.longest_rest, queues.is_base64) == (0, 60, True)
    (tmp_path / "host.json").write_text('{"extensions": {"queues": {"messageEncoding": "utf8"}}}')
    with pytest.raises(HostError, match="messageEncoding"):
        read_app_settings(tmp_path)
