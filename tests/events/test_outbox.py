"""Events are delivered at least once, whatever the receiver does, and known by their ids."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from reelbrush.events import redeliver, tell, webhook
from reelbrush.settings import Settings
from reelbrush.store import FolderStore, open_store
from tests.conftest import ROOT
from tests.events.receivers import receiving

SECRET = "a secret that nobody may see"
JOB = "clip-0123456789"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def settings(url: str) -> Settings:
    return Settings(store="", webhook_url=url, webhook_secret=SECRET)


def waiting(store: FolderStore) -> list[str]:
    return [blob.name for blob in store.list("work", ".events/")]


def dead(store: FolderStore) -> list[str]:
    return [blob.name for blob in store.list("work", ".events-dead/")]


def after(**amount: float) -> datetime:
    return datetime.now(UTC) + timedelta(**amount)


def refusing_url() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def test_an_event_is_a_cloud_event_and_leaves_nothing_behind(store: FolderStore) -> None:
    with receiving() as receiver:
        tell(store, settings(receiver.url), JOB, "finished", {"frames": 180}, attempt=2)
    [(path, headers, body)] = receiver.calls
    event = json.loads(body)
    assert path == "/hook?a=1"
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["webhook-id"] == event["id"] == f"{JOB}/2/finished"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    moment = datetime.fromisoformat(event.pop("time"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert event == {
        "specversion": "1.0",
        "id": f"{JOB}/2/finished",
        "source": "/api/jobs",
        "type": "reelbrush.job.finished",
        "subject": JOB,
        "datacontenttype": "application/json",
        "data": {"job": JOB, "retry": 2, "frames": 180},
    }
    assert waiting(store) == []


def test_without_a_receiver_nothing_is_written(store: FolderStore) -> None:
    tell(store, Settings(store=""), JOB, "started", {})
    assert not store.root.exists()
    assert redeliver(store, Settings(store=""), datetime.now(UTC)) == 0


def test_an_unknown_type_is_refused(store: FolderStore) -> None:
    with pytest.raises(ValueError, match="paused"):
        tell(store, settings(refusing_url()), JOB, "paused", {})


def test_a_flaky_receiver_gets_the_same_event_again_when_it_is_due(store: FolderStore) -> None:
    with receiving() as receiver:
        receiver.answers = [500]
        tell(store, settings(receiver.url), JOB, "failed", {"error": {"code": "empty"}})
        assert waiting(store) == [f".events/{JOB}/0/failed.json"]
        assert redeliver(store, settings(receiver.url), after(seconds=20)) == 0
        assert len(receiver.calls) == 1
        assert redeliver(store, settings(receiver.url), after(seconds=31)) == 1
    assert receiver.ids() == [f"{JOB}/0/failed"] * 2
    assert receiver.calls[0][2] == receiver.calls[1][2]
    assert waiting(store) == []


def test_telling_twice_is_one_event_with_the_first_content(store: FolderStore) -> None:
    with receiving() as receiver:
        receiver.answers = [503]
        tell(store, settings(receiver.url), JOB, "started", {"n": 1})
        tell(store, settings(receiver.url), JOB, "started", {"n": 2})
    assert receiver.ids() == [f"{JOB}/0/started"] * 2
    assert [json.loads(body)["data"]["n"] for _, _, body in receiver.calls] == [1, 1]
    assert waiting(store) == []


def test_a_dead_receiver_never_raises_and_is_given_up_after_a_day(store: FolderStore) -> None:
    dead_end = settings(refusing_url())
    began = time.monotonic()
    tell(store, dead_end, JOB, "finished", {})
    assert time.monotonic() - began < 20
    tries: list[float] = []
    for minute in range(0, 25 * 60):
        if not waiting(store):
            break
        entry = json.loads(store.read_bytes("work", waiting(store)[0]))
        redeliver(store, dead_end, after(minutes=minute))
        again = json.loads(store.read_bytes("work", waiting(store)[0])) if waiting(store) else entry
        if again["tries"] > entry["tries"]:
            tries.append(minute)
    assert waiting(store) == []
    assert dead(store) == [f".events-dead/{JOB}/0/finished.json"]
    pauses = [b - a for a, b in pairwise(tries)]
    assert 24 <= len(tries) <= 34
    assert pauses == sorted(pauses) and pauses[0] <= 2 and pauses[-1] in (60, 61)


def test_a_receiver_that_does_not_answer_is_asked_once_per_round(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "post", partial(webhook.post, seconds=0.5))
    with receiving() as receiver:
        receiver.answers = [500] * 30
        for number in range(30):
            tell(store, settings(receiver.url), f"clip-{number:010}", "started", {})
    with socket.create_server(("127.0.0.1", 0), backlog=30) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        began = time.monotonic()
        assert redeliver(store, settings(url), after(minutes=1)) == 0
        assert 0.4 < time.monotonic() - began < 10  # one timeout, not thirty
    assert len(waiting(store)) == 30


def test_a_receiver_that_refuses_one_event_gets_the_others(store: FolderStore) -> None:
    with receiving() as receiver:
        receiver.answers = [500] * 3
        for number in range(3):
            tell(store, settings(receiver.url), f"clip-{number:010}", "started", {})
        receiver.answers = [400]
        assert redeliver(store, settings(receiver.url), after(minutes=1)) == 2
    assert waiting(store) == [".events/clip-0000000000/0/started.json"]


def test_gone_means_no_more_tries(store: FolderStore) -> None:
    with receiving() as receiver:
        receiver.answers = [410]
        tell(store, settings(receiver.url), JOB, "started", {})
    assert len(receiver.calls) == 1
    assert waiting(store) == []


def test_a_receiver_that_is_no_longer_configured_is_forgotten(store: FolderStore) -> None:
    tell(store, settings(refusing_url()), JOB, "started", {})
    redeliver(store, Settings(store=""), after(minutes=1))
    assert waiting(store) == []


def test_a_damaged_entry_does_not_hold_up_the_others(store: FolderStore) -> None:
    store.put_bytes("work", ".events/aaa/0/started.json", b"{")
    with receiving() as receiver:
        receiver.answers = [500]
        tell(store, settings(receiver.url), JOB, "started", {})
        assert redeliver(store, settings(receiver.url), after(minutes=1)) == 1


def test_the_secret_is_neither_stored_nor_logged(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), receiving() as receiver:
        receiver.answers = [500]
        tell(store, settings(receiver.url), JOB, "started", {})
    assert caplog.records
    assert SECRET not in caplog.text
    assert SECRET.encode() not in store.read_bytes("work", waiting(store)[0])
    assert SECRET not in repr(settings(receiver.url))


def test_a_process_killed_between_writing_and_delivering_loses_nothing(store: FolderStore) -> None:
    code = f"""
from reelbrush.events import tell
from reelbrush.settings import Settings
from reelbrush.store import open_store
settings = Settings.from_env()
tell(open_store(settings.store), settings, {JOB!r}, "finished", {{"frames": 3}})
"""
    with receiving() as receiver:
        receiver.pause = 30.0
        environment = {
            **os.environ,
            "REELBRUSH_STORE": store.uri,
            "REELBRUSH_WEBHOOK_URL": receiver.url,
            "REELBRUSH_WEBHOOK_SECRET": SECRET,
        }
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)
        receiver.wait(1)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        receiver.pause = 0.0
        assert waiting(store) == [f".events/{JOB}/0/finished.json"]
        assert redeliver(store, settings(receiver.url), after(seconds=31)) == 1
    assert receiver.ids() == [f"{JOB}/0/finished"] * 2
    assert waiting(store) == []


def test_settings_ask_for_the_secret_and_for_https() -> None:
    with pytest.raises(Exception, match="REELBRUSH_WEBHOOK_SECRET is missing"):
        Settings.from_env({"REELBRUSH_STORE": "folder:/x", "REELBRUSH_WEBHOOK_URL": "https://a.example/"})
    with pytest.raises(Exception, match="REELBRUSH_EVENTS_TOPIC"):
        Settings.from_env({"REELBRUSH_STORE": "folder:/x", "REELBRUSH_EVENTS_TOPIC": "http://a.example/"})


def test_jobs_do_not_wait_for_a_receiver_that_gives_no_answer(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=30) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setattr(webhook, "post", partial(webhook.post, seconds=0.5))
        began = time.monotonic()
        for number in range(20):
            tell(store, settings(url), f"clip-{number:010}", "started", {})
        assert 0.4 < time.monotonic() - began < 8, "one timeout, not twenty"
    assert len(waiting(store)) == 20


def test_jobs_do_not_queue_up_at_a_slow_receiver(store: FolderStore) -> None:
    with receiving() as receiver:
        receiver.pause = 2.0
        began = time.monotonic()
        with ThreadPoolExecutor(12) as pool:
            for number in range(12):
                pool.submit(tell, store, settings(receiver.url), f"clip-{number:010}", "started", {})
        assert time.monotonic() - began < 15, "one wait for each of the two at once, not twelve"
        assert len(receiver.calls) == 2
        receiver.pause = 0.0
        assert redeliver(store, settings(receiver.url), after(minutes=1)) == 10
    assert waiting(store) == []


def test_a_receiver_that_is_back_gets_events_at_once_again(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        monkeypatch.setattr(webhook, "post", partial(webhook.post, seconds=0.2))
        receiver.pause = 0.5
        tell(store, settings(receiver.url), "clip-0000000001", "started", {})
        receiver.pause = 0.0
        tell(store, settings(receiver.url), "clip-0000000002", "started", {})
        assert len(receiver.calls) == 1
        assert redeliver(store, settings(receiver.url), after(minutes=1)) == 2
        tell(store, settings(receiver.url), "clip-0000000003", "started", {})
        assert len(receiver.calls) == 4
    assert waiting(store) == []


def test_the_outbox_of_a_storage_account(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS_ACCOUNT", account)
    store = open_store("env:EVENTS_ACCOUNT")
    with receiving() as receiver:
        receiver.answers = [500, 500]
        tell(store, settings(receiver.url), JOB, "started", {"n": 1})
        tell(store, settings(receiver.url), JOB, "started", {"n": 2})
        assert [blob.name for blob in store.list("work", ".events/")] == [f".events/{JOB}/0/started.json"]
        assert redeliver(store, settings(receiver.url), after(minutes=2)) == 1
        assert redeliver(store, settings(receiver.url), after(minutes=9)) == 0
    assert [json.loads(body)["data"]["n"] for _, _, body in receiver.calls] == [1, 1, 1]
    assert receiver.ids() == [f"{JOB}/0/started"] * 3
