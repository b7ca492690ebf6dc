"""Requests to every route of app and host: an answer below 500, no error in the log, memory bounded."""

from __future__ import annotations

import gzip
import json
import logging
import random
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import psutil
import pytest

from tests.api.routes import noted_routes
from tests.api.serving import KEY, Served, serving
from tests.media import ffmpeg
from tests.torture.fuzz.hostile_json import any_value, changed, damaged
from tests.torture.fuzz.wire import Call, Target, hostile_call, send
from tests.torture.toll import Toll
from tests.uploads.events import grid_event

GROWTH_MB = 300  # of the process that holds host, app and this test
_SAFE = ("terminate", "purge")


@pytest.fixture(autouse=True)
def clean_environment() -> None:
    """Leave the environment alone: the app runs in this process and reads it."""


@pytest.fixture(scope="module")
def targets() -> list[Target]:
    """The routes of the server; filled when it starts."""
    return []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, targets: list[Target]) -> Iterator[Served]:
    """The app with a finished job and a failed one."""
    folder = tmp_path_factory.mktemp("app")
    film = folder / "tiny.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=12:duration=1", "-pix_fmt", "yuv420p", str(film))
    with (
        noted_routes() as routes,
        serving(folder, MAX_COST="1", PRICE_PER_HOUR="3.6", MAX_JOBS="1") as app,
    ):
        targets.extend(Target(*route.split(" ", 1)) for route in routes)
        app.jobs["good"] = app.upload("good.mp4", film.read_bytes())
        app.jobs["bad"] = app.upload("bad.mp4", b"no film at all " * 64)
        for job in app.jobs.values():
            app.until(job, "Succeeded", "Failed", seconds=150)
        # a ticket of somebody who comes first keeps all that requests start waiting
        app.store.put_bytes("work", ".queue/0000000000001-first-0123456789", b"")
        yield app


def _known(app: Served) -> dict[str, Sequence[str]]:
    good = app.job(app.jobs["good"])
    media = app.call("GET", f"/api/jobs/{app.jobs['good']}/media").json()
    token = good["links"]["watch"].split("/watch/")[1].split("/")[0]
    write = [
        app.store.signed_url("input", f"new{n}.mp4", write=True, seconds=3600, size=5000) for n in range(3)
    ]
    files = ["index.m3u8", "media.m3u8", "init.mp4", "00000.m4s", "99999.m4s", "playlist.m3u8", "stream.m3u8"]
    signed = [
        urlsplit(url).path + "?" + urlsplit(url).query for url in (media["source"], media["output"], *write)
    ]
    return {
        "id": list(app.jobs.values()), "token": [token], "file": files, "name": ["stylize_video", "identity",
        "start_on_upload"],
        "style": ["identity", "starry-night"], "signed": signed, "container": ["input", "work", ".keys",
        ".tmp"],
        "operation": ["suspend", "resume", "rewind", "nonsense"], "event": ["x"],
        "instance": list(app.jobs.values()),
    }  # fmt: skip


def _bodies(rng: random.Random) -> list[bytes]:
    upload = {"name": "clip.mp4", "sizeBytes": 100, "style": "identity", "options": {"crf": 20}}
    job = {"blob": "input/identity/good.mp4", "style": "identity", "options": {}}
    quote = {"width": 64, "height": 48, "frames": 100, "style": "identity"}
    texts = [
        json.dumps(each).encode()
        for each in (upload, job, quote, {"maxCost": 3}, {"input": "input/x"}, grid_event("a"))
    ]
    blocks = b'<?xml version="1.0"?><BlockList><Latest>MDA=</Latest></BlockList>'
    return [
        *texts, *(damaged(rng.choice(texts), rng) for _ in range(3)), json.dumps(changed(job, rng)).encode(),
        json.dumps(any_value(rng)).encode("utf-8", "surrogatepass"), blocks, damaged(blocks, rng), b"",
        b"\0" * 4000,
        gzip.compress(texts[0]), gzip.compress(b"\0" * 5_000_000), b"[" * 60_000, b'"' + b"x" * 70_000 + b'"',
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><BlockList>&a;</BlockList>", rng.randbytes(300),
    ]  # fmt: skip


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        trace = self.format(record)
        self.messages.append(f"{record.name}: {trace[:200]} ... {trace[-900:]}")


@pytest.fixture
def errors() -> Iterator[list[str]]:
    """What is logged at ERROR."""
    handler = _Errors()
    logging.getLogger().addHandler(handler)
    yield handler.messages
    logging.getLogger().removeHandler(handler)


def _fault(call: Call, base: str, ends: Counter[str]) -> str:
    """Send a request; return what is wrong with the answer, "" for nothing."""
    answer = send(base, call)
    ends[str(answer.status)] += 1
    if answer.status == -1:
        return "no answer in a minute"
    if answer.status == 500 and b"already exists" in answer.body:
        return ""  # what the durable extension says of an instance that is under way, which its client reads
    if answer.status >= 500:
        return f"{answer.status} {answer.body[:300]!r}"
    if b"Traceback" in answer.body:
        return "a traceback in the answer"
    line = call.head.split(b"\r\n")[0]
    if answer.status >= 400 and b" /api/" in line and answer.body and "problem+json" not in answer.head:
        plain = answer.status in (401, 403, 404, 405, 413) or b"Invalid HTTP request" in answer.body
        return "" if plain else f"no problem: {answer.head[:200]}"
    return ""


@pytest.mark.slow
@pytest.mark.logs_errors
@pytest.mark.timeout(3000)
@pytest.mark.torture("hostile requests to every route", full=2000, slice=120)
def test_hostile_requests_are_answered(
    toll: Toll, served: Served, targets: list[Target], errors: list[str]
) -> None:
    known, ends, tried = _known(served), Counter[str](), Counter[str]()
    me = psutil.Process()
    before = me.memory_info().rss
    for seed in toll.seeds():
        rng = random.Random(seed)
        errors.clear()
        call = hostile_call(rng, targets, known, KEY, _bodies(rng))
        tried[call.head.split(b" ", 1)[0].decode()] += 1
        fault = _fault(call, served.base, ends)
        grown = (me.memory_info().rss - before) >> 20
        if not fault and grown > GROWTH_MB:
            fault = f"the process grew by {grown} MB"
        if not fault and errors:
            fault = f"logged: {errors[0]}"
        if not fault and seed % 50 == 0 and served.client.get("/api/health").status_code not in (200, 503):
            fault = "the host does not go on serving"
        if fault:
            toll.lost(f"seed {seed}: {call.head[:300]!r}: {fault}")
        else:
            toll.survived()
    toll.figure("answers", ", ".join(f"{status} {count}" for status, count in ends.most_common()))
    toll.figure("routes and methods", str(len(targets)))
    toll.figure("growth of memory", f"{(me.memory_info().rss - before) >> 20} MB")


ENDLESS = (
    "/api/jobs", "/runtime/webhooks/durabletask/orchestrators/stylize_video",
    "/admin/functions/start_on_upload",
           "/runtime/webhooks/blobs?functionName=Host.Functions.start_on_upload")  # fmt: skip


@pytest.mark.slow
@pytest.mark.torture("endless request bodies", full=8, slice=4)
def test_a_body_without_an_end_is_refused(toll: Toll, served: Served, targets: list[Target]) -> None:
    me, largest = psutil.Process(), 0
    for number in range(toll.tries):
        path = ENDLESS[number % len(ENDLESS)]
        before, parts = me.memory_info().rss, urlsplit(served.base)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-functions-key: {KEY}\r\n"
        head += "aeg-event-type: Notification\r\n"
        sent, status, grown = 0, b"", 0
        piece = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as connection:
            connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
            try:
                while sent < 400:
                    connection.sendall(piece)
                    sent += 1
                    grown = max(grown, (me.memory_info().rss - before) >> 20)
            except OSError:
                pass  # refused while it was sent
            try:
                status = connection.recv(100)
            except OSError:
                status = b"closed"
        largest = max(largest, grown)
        if grown > GROWTH_MB or sent >= 400:
            toll.lost(f"{path}: {sent} MB taken, the process grew by {grown} MB, answer {status[:40]!r}")
        else:
            toll.survived()
    toll.figure("growth of memory", f"{largest} MB")
