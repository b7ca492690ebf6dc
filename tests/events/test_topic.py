"""Publishing to Event Grid, with the real SDK against an HTTPS receiver on this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.identity import CredentialUnavailableError

from reelbrush.events import redeliver, tell, topic
from reelbrush.events.errors import DeliveryError
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.certificates import self_signed
from tests.events.receivers import Receiver, receiving

JOB = "clip-0123456789"


class Token:
    """A credential without a sign-in."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://eventgrid.azure.net/.default",)
        return AccessToken("token", int(time.time()) + 3600)


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A stand-in for a custom topic that this process trusts."""
    certificate = self_signed(tmp_path / "own.pem")
    with receiving(certificate) as receiver:
        receiver.url = receiver.url.replace("/hook?a=1", "/api/events")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setattr("azure.identity.DefaultAzureCredential", Token)
        yield receiver
        topic.publisher.cache_clear()


def test_the_topic_gets_the_same_cloud_event(
    grid: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore(tmp_path / "store")
    with receiving() as hook:
        both = Settings(store="", webhook_url=hook.url, webhook_secret="s" * 16, events_topic=grid.url)
        tell(store, both, JOB, "started", {"style": "starry-night"})
    [(path, headers, body)] = grid.calls
    assert path.startswith("/api/events?api-version=")
    assert headers["content-type"].startswith("application/cloudevents-batch+json")
    assert headers["authorization"] == "Bearer token"
    assert json.loads(body) == [json.loads(hook.calls[0][2])]
    assert caplog.records == []
    assert not list(store.list("work"))


def test_only_the_receiver_that_failed_is_tried_again(grid: Receiver, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    with receiving() as hook:
        both = Settings(store="", webhook_url=hook.url, webhook_secret="s" * 16, events_topic=grid.url)
        grid.answers = [503]
        tell(store, both, JOB, "started", {})
        assert (len(hook.calls), len(grid.calls)) == (1, 1)  # the SDK's own retries are off
        assert redeliver(store, both, datetime.now(UTC) + timedelta(minutes=1)) == 1
        assert (len(hook.calls), len(grid.calls)) == (1, 2)
    ids = {json.loads(body)[0]["id"] for _, _, body in grid.calls}
    assert ids == {f"{JOB}/0/started"}
    assert not list(store.list("work", ".events"))


def test_a_topic_that_cannot_be_reached_is_a_delivery_error(grid: Receiver) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/api/jobs", "type": "t", "data": {}}
    with pytest.raises(DeliveryError) as caught:
        topic.publish("https://127.0.0.1:9/api/events", event)
    assert caught.value.unreachable
    assert grid.calls == []


def test_without_an_identity_the_reason_is_said(grid: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nobody:
        def get_token(self, *_: str, **__: Any) -> AccessToken:
            raise CredentialUnavailableError(message="nobody is signed in")

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Nobody)
    event = {"specversion": "1.0", "id": "1", "source": "/api/jobs", "type": "t", "data": {}}
    with pytest.raises(DeliveryError, match="nobody is signed in") as caught:
        topic.publish(grid.url, event)
    assert caught.value.unreachable
    assert grid.calls == []


def test_a_topic_that_is_not_there_has_answered(grid: Receiver) -> None:
    grid.answers = [404]
    event = {"specversion": "1.0", "id": "1", "source": "/api/jobs", "type": "t", "data": {}}
    with pytest.raises(DeliveryError, match="answered 404") as caught:
        topic.publish(grid.url, event)
    assert not caught.value.unreachable


def test_a_topic_that_does_not_answer_costs_a_bounded_time(
    grid: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(topic._LIMITS, "read_timeout", 0.3)
    grid.pause = 30.0
    event = {"specversion": "1.0", "id": "1", "source": "/api/jobs", "type": "t", "data": {}}
    began = time.monotonic()
    with pytest.raises(DeliveryError) as caught:
        topic.publish(grid.url, event)
    assert caught.value.unreachable
    assert time.monotonic() - began < 20
    assert len(grid.calls) == 1
