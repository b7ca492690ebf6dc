"""Secrets are nowhere but where they are set: not in git, logs, blobs, events or arguments."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import quote

import httpx2 as httpx
import psutil
import pytest

from reelbrush.store import BlobStore
from tests.azurite_account import KEY, azurite
from tests.conftest import ROOT
from tests.events.receivers import receiving
from tests.page.chromium import serving
from tests.telemetry.ingestion import ingesting
from tests.torture.access.judge import held
from tests.torture.access.leaks import files_with, known_in, shaped
from tests.torture.toll import FULL, Toll

WEBHOOK_SECRET = "whsec_c2VjcmV0LW9mLXRoZS13ZWJob29r"
URL_TOKEN = "token-in-the-address-of-the-webhook"
CLIENT_SECRET = "the-client-secret-of-an-identity"
APP_KEY = "the-key-of-a-served-app"


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


@pytest.mark.torture("secrets by shape in the tree and all of its history", full=1500, slice=500)
def test_none_is_kept_in_git(toll: Toll) -> None:
    for name in git("ls-files", "-z").decode().split("\0")[:-1]:
        path = ROOT / name
        if path.is_file():
            held(toll, not shaped(path.read_bytes()), f"{name}: {shaped(path.read_bytes())}")
    if not FULL:
        return
    history = git("log", "--all", "-p", "--no-renames", "--unified=0", "--no-color", "--", ".", ":!*.onnx")
    for commit in history.split(b"\ncommit "):
        found = shaped(commit)
        held(toll, not found, f"commit {commit[:9].decode('latin-1')}: {found}")
    toll.figure("history looked through", f"{len(history) / 1e6:.0f} MB")


def test_the_look_for_shapes_notices() -> None:
    key = "Zm9v" * 21 + "Zg=="
    for text in (
        f"AccountKey={key};",
        f"https://a/b?sp=r&sig={'a' * 43}",
        "-----BEGIN RSA PRIVATE KEY-----\n" + key,
    ):
        assert shaped(text.encode()), text
    assert not shaped(f"AccountKey={KEY};".encode())
    assert known_in(f"?a={quote(KEY, safe='')}&b".encode(), [KEY]) == [KEY]
    assert known_in(base64.b64encode(f"code={APP_KEY};".encode()), [APP_KEY]) == [APP_KEY]
    assert not known_in(b"nothing of the kind", [KEY, APP_KEY])


class Watch:
    """Looks at the arguments of all processes below this one, again and again."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)

    def _look(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(0.05):
            for process in me.children(recursive=True):
                try:
                    line = " ".join(process.cmdline())
                except psutil.Error:
                    continue
                if "node" not in line[:20]:
                    self.lines.add(line)


@pytest.mark.slow
@pytest.mark.torture(
    "known secrets after jobs: logs, history, blobs, events, answers, arguments", full=18, slice=18
)
def test_none_is_told_by_jobs(
    toll: Toll, tmp_path: Path, tiny: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [KEY, WEBHOOK_SECRET, CLIENT_SECRET, APP_KEY]
    folder, copies = tmp_path / "served", tmp_path / "blobs"
    with azurite(tmp_path / "azurite") as connection, receiving() as receiver, ingesting() as ingestion:
        monkeypatch.setenv("SECRET_ACCOUNT", connection)
        environment = {
            "SECRET_ACCOUNT": connection,
            "REELBRUSH_WEBHOOK_URL": f"{receiver.url}&token={URL_TOKEN}",
            "REELBRUSH_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
            "REELBRUSH_KEY": APP_KEY,
        }
        told: list[bytes] = []
        options = ("--store", "env:SECRET_ACCOUNT", "--style", "identity")
        with (
            Watch() as watch,
            serving(folder, *options, **environment) as base,
            httpx.Client(base_url=base, timeout=60) as client,
        ):
            store = BlobStore("env:SECRET_ACCOUNT")
            store.put_bytes("input", "good.mp4", tiny)
            store.put_bytes("input", "bad.mp4", b"no film at all " * 64)
            jobs = ended(client)
            for job in jobs:
                for part in ("", "/batches", "/logs", "/media"):
                    told.append(client.get(f"/api/jobs/{job}{part}").content)
            told += [
                client.get(path).content
                for path in ("/", "/api/health", "/api/styles", "/api/jobs", "/api/openapi.yaml")
            ]
            told.append(client.post("/api/uploads", json={"name": "a.mp4", "sizeBytes": 5}).content)
            wait_for_events(receiver.ids, 4)
        for container in ("input", "output", "work"):
            for blob in store.list(container):
                path = copies / container / blob.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(store.read_bytes(container, blob.name))
    everywhere = [*secrets, URL_TOKEN]
    for data in told:
        held(toll, not known_in(data, everywhere), f"an answer: {known_in(data, everywhere)} {data[:200]!r}")
    for line in watch.lines:
        held(toll, not known_in(line.encode(), everywhere), f"arguments: {line[:300]}")
    assert any("scoring" in line for line in watch.lines), "runs were seen"
    for _, headers, body in receiver.calls:
        event = body + json.dumps(headers).encode()
        held(toll, not known_in(event, secrets), f"an event: {event[:300]!r}")
    sent = json.dumps(ingestion.envelopes).encode()
    held(
        toll,
        bool(ingestion.envelopes) and not known_in(sent, everywhere),
        f"telemetry: {known_in(sent, everywhere)}",
    )
    for place in (folder, copies):
        count = sum(1 for path in place.rglob("*") if path.is_file())
        found = files_with(place, everywhere)
        held(toll, count > 1 and not found, f"{place.name}, {count} files: {found}")
    toll.figure(
        "looked through",
        f"{len(told)} answers, {len(receiver.calls)} events, {len(watch.lines)} command lines",
    )


def ended(client: httpx.Client) -> list[str]:
    """Wait until both jobs have ended and return their ids."""
    end = time.monotonic() + 150
    while True:
        jobs = client.get("/api/jobs").json()["value"]
        if len(jobs) == 2 and all(job["status"] in ("Succeeded", "Failed") for job in jobs):
            assert {job["status"] for job in jobs} == {"Succeeded", "Failed"}, jobs
            return [job["id"] for job in jobs]
        assert time.monotonic() < end, jobs
        time.sleep(0.2)


def wait_for_events(ids: object, count: int) -> None:
    """Wait until `count` events came."""
    end = time.monotonic() + 60
    while len(ids()) < count and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.05)
