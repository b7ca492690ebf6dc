"""Messages of uploads that Event Grid never wrote: passed over, refused as poison, or about a real upload."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities.services import services
from function_app.queued_uploads import _start
from function_app.upload_event import read_message
from reelbrush.errors import ReelbrushError
from reelbrush.store import FolderStore
from tests.torture.fuzz.hostile_json import WORDS, any_value, changed, damaged
from tests.torture.toll import Toll
from tests.uploads.events import cloud_event, grid_event

NAMES = (
    "clip.mp4", "wave/clip.mp4", "../clip.mp4", "a/../../etc/passwd", "%2e%2e/x", "%00", "%", "a%", "/",
    "//", ".",
    "a//b.mp4", "x" * 300, "x/" * 600 + "y", "clip.mp4/", "clip.mp4.json", "clip.mp4?sig=1", "#",
    "ü\u202e.mp4",
    "\\clip.mp4", "C:\\x.mp4", "clip.mp4\n", "\ud800.mp4", *WORDS,
)  # fmt: skip


class Starter:
    """A durable client that takes every start."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def get_status(self, instance: str, **_: Any) -> None:
        """There is no such instance yet."""

    async def start_new(self, name: str, instance: str, request: Any) -> str:
        """Note the start, whose input must be JSON."""
        json.dumps(request, allow_nan=False)
        self.started.append(instance)
        return instance


def hostile_message(rng: random.Random) -> bytes:
    """Return the body of a queue message."""
    name = rng.choice(NAMES)
    write = rng.choice((grid_event, cloud_event))
    event: Any = write(name, **({"url": rng.choice(NAMES)} if rng.random() < 0.2 else {}))
    if rng.random() < 0.3:
        event = changed(event, rng)
    if rng.random() < 0.1:
        event = any_value(rng)
    if rng.random() < 0.3:
        event = [event] * rng.choice((0, 1, 2, 5))
    text = json.dumps(event, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    if rng.random() < 0.3:
        text = damaged(text, rng)
    if rng.random() < 0.4:
        text = rng.choice((base64.b64encode, base64.urlsafe_b64encode, base64.b32encode))(text)
    return text


async def take(body: bytes, starter: Starter) -> str:
    """Do what the queue trigger does with a message; return how that ended."""
    try:
        events = read_message(body)
    except ValueError as error:
        assert str(error).strip()
        return "poison"
    for event in events:
        try:
            await _start(event, starter)  # type: ignore[arg-type]
        except ReelbrushError as error:
            assert str(error).strip()
            return f"refused {error.code}"
    return "taken"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderStore]:
    made = FolderStore(tmp_path / "store")
    made.put_bytes("input", "clip.mp4", b"film")
    made.put_bytes("input", "wave/clip.mp4", b"film")
    (tmp_path / "etc").mkdir()
    monkeypatch.setenv("REELBRUSH_STORE", made.uri)
    services.cache_clear()
    yield made
    services.cache_clear()


@pytest.mark.timeout(3000)
@pytest.mark.torture("hostile messages about uploads", full=10_000, slice=400)
def test_hostile_messages_start_nothing_but_uploads(toll: Toll, store: FolderStore) -> None:
    ends, starter = Counter[str](), Starter()
    with asyncio.Runner() as runner:
        for seed in toll.seeds():
            try:
                ends[runner.run(take(hostile_message(random.Random(seed)), starter))] += 1
            except Exception:
                toll.lost(f"seed {seed}: {traceback.format_exc()[-900:]}")
                continue
            strange = {job for job in starter.started if not job.startswith("clip-")}
            if strange:
                toll.leaked(f"seed {seed}: {strange} were started")
                starter.started.clear()
            else:
                toll.survived()
    toll.figure("ends", ", ".join(f"{end} {count}" for end, count in ends.most_common()))
