"""`reelbrush serve`: upload by file, status by HTTP, restart, retry."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest

from reelbrush.job import Options, job_id
from reelbrush.store import FolderStore
from tests.media import ffmpeg


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames, 64x48, no sound."""
    path = tmp_path_factory.mktemp("short") / "clip.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1.2", "-pix_fmt", "yuv420p", str(path))
    return path


class Server:
    """A running `reelbrush serve`."""

    def __init__(self, process: subprocess.Popen[str], base: str) -> None:
        self.process, self.base = process, base

    def call(self, path: str, method: str = "GET") -> tuple[int, dict[str, Any], dict[str, str]]:
        request = urllib.request.Request(self.base + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read()), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), dict(error.headers)

    def until(self, job: str, check: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            code, view, _ = self.call(f"/api/jobs/{job}")
            if code == 200 and check(view):
                return view
            assert time.monotonic() < end, view
            time.sleep(0.1)


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[Server]:
    """Run `reelbrush serve` on a folder; `settings` are `REELBRUSH_*`."""
    environment = {"REELBRUSH_WORK_HOURS": "0", **os.environ, "REELBRUSH_POLL_SECONDS": "0.2"}
    environment |= {f"REELBRUSH_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "reelbrush", "serve", str(folder), "--port", "0", "--style", "identity"]
    process = subprocess.Popen(
        [*command, *options],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    found = re.search(r"http://[0-9.:]+", process.stderr.readline())
    assert found is not None
    try:
        yield Server(process, found[0])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def upload(
    folder: Path, name: str, content: bytes, style: str = "identity", options: Options | None = None
) -> str:
    """Put a blob and return the id of the job it starts."""
    store = FolderStore(folder)
    store.put_bytes("input", name, content)
    blob = store.stat("input", name)
    assert blob is not None
    return job_id(blob, style, options or Options())


def ended(view: dict[str, Any]) -> bool:
    return "endedAt" in view


def test_it_stops_in_good_order_while_it_is_starting(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reelbrush", "serve", str(tmp_path), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    while not (tmp_path / ".host" / "log.txt").exists():
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.count(b"Traceback")) == (0, 0)
    assert len(list((tmp_path / ".runs").iterdir())) == 1  # no run may start until it serves again


def test_an_upload_becomes_a_job_becomes_an_output(tmp_path: Path, short_clip: Path) -> None:
    with serving(tmp_path) as server:
        job = upload(tmp_path, "identity/clip.mp4", short_clip.read_bytes())
        view = server.until(job, ended)
        assert (view["status"], view["phase"], view["progress"]["percent"]) == ("Succeeded", "done", 100)
        assert view["input"]["blob"] == "input/identity/clip.mp4" and view["input"]["frameRate"] == "25"
        assert (tmp_path / view["result"]["blob"]).stat().st_size == view["result"]["sizeBytes"]
        left = {p.name for p in (tmp_path / "work" / job).rglob("*.*")}
        assert "receipt.json" in left and left <= {"job.json", "cancel.json", "receipt.json"}
        receipt = json.loads((tmp_path / "work" / job / "receipt.json").read_text())
        assert receipt["frames"] == 30 and receipt["seconds"]["infer"] > 0 and receipt["versions"]
        end = time.monotonic() + 60
        while list((tmp_path / ".runs").glob("*")):
            assert time.monotonic() < end, "records of ended runs stay"
            time.sleep(0.05)
        code, body, headers = server.call("/api/jobs/no-such-job")
        assert (code, body["code"]) == (404, "JobNotFound")
        assert headers["x-ms-error-code"] == "JobNotFound"
        assert headers["content-type"] == "application/problem+json"
        assert server.call(f"/api/jobs/{job}/retry", "POST")[0] == 409


def test_an_upload_that_is_no_video_is_a_visible_failed_job(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        view = server.until(upload(tmp_path, "notes.mp4", b"only text " * 99), ended)
        assert view["status"] == "Failed" and view["error"]["code"] and view["error"]["message"]
        assert (tmp_path / "input" / "notes.mp4").exists()
        assert "durabletask" not in json.dumps(view), "no management address is handed out"


def test_a_side_car_chooses_style_and_options(tmp_path: Path, short_clip: Path) -> None:
    with serving(tmp_path) as server:
        (tmp_path / "input").mkdir(exist_ok=True)
        (tmp_path / "input" / "a.mp4.json").write_text('{"style": "identity", "options": {"crf": 30}}')
        job = upload(tmp_path, "a.mp4", short_clip.read_bytes(), options=Options(crf=30))
        assert server.until(job, ended)["status"] == "Succeeded"
        (tmp_path / "input" / "b.mp4.json").write_text('{"options": {"crf": "best"}}')
        view = server.until(upload(tmp_path, "b.mp4", short_clip.read_bytes()), ended)
        assert view["error"]["code"] == "side-car" and "crf" in view["error"]["message"]
        assert server.call(f"/api/jobs/{view['id']}/retry", "POST")[0] == 409
        (tmp_path / "input" / "c.mp4.json").write_text("[" * 60_000)
        view = server.until(upload(tmp_path, "c.mp4", short_clip.read_bytes()), ended)
        assert view["error"]["code"] == "side-car"


def test_an_unknown_style_is_said(tmp_path: Path, short_clip: Path) -> None:
    with serving(tmp_path) as server:
        view = server.until(upload(tmp_path, "x/clip.mp4", short_clip.read_bytes(), style="x"), ended)
        assert view["error"]["code"] == "style" and "x" in view["error"]["message"]


@pytest.mark.slow
def test_jobs_survive_a_killed_server(tmp_path: Path, clip: Path) -> None:
    with serving(tmp_path) as server:
        job = upload(tmp_path, "clip.mp4", clip.read_bytes())
        server.until(job, lambda view: view["phase"] != "queued")
        server.process.kill()
        server.process.wait()
    with serving(tmp_path) as server:
        assert server.until(job, ended)["status"] == "Succeeded"
        again = server.call(f"/api/jobs/{job}")[1]
        assert again["result"]["frameCount"] == 180


def send(url: str, method: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=data, method=method, headers=names)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.read()


def frames(video: bytes) -> int:
    with av.open(io.BytesIO(video)) as made:
        return sum(1 for _ in made.decode(video=0))


@pytest.mark.parametrize("kind", ["folder", "account"])
def test_a_video_goes_through_signed_addresses_alone(
    kind: str,
    tmp_path: Path,
    short_clip: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: tuple[str, ...] = ()
    if kind == "account":
        monkeypatch.setenv("SOME_ACCOUNT", request.getfixturevalue("account"))
        options = ("--store", "env:SOME_ACCOUNT")
    content = short_clip.read_bytes()
    with serving(tmp_path / "served", *options) as server:
        wish = {"name": "ein Film ü.mp4", "sizeBytes": len(content), "style": "identity"}
        body = json.dumps(wish).encode()
        status, said = send(f"{server.base}/api/uploads", "POST", body, content_type="application/json")
        assert status == 201
        place = json.loads(said)
        if kind == "account":
            asked = {"Origin": server.base, "Access_Control_Request_Method": "PUT"}
            assert send(place["uploadUrl"], "OPTIONS", **asked)[0] == 200, "the page may upload"
        assert send(place["uploadUrl"], place["method"], content, **place["headers"])[0] == 201
        end = time.monotonic() + 60
        while True:
            jobs = json.loads(send(place["jobsUrl"], "GET")[1])["value"]
            if jobs and "endedAt" in jobs[0]:
                break
            assert time.monotonic() < end, jobs
            time.sleep(0.2)
        assert jobs[0]["status"] == "Succeeded", jobs
        view = server.call(f"/api/jobs/{jobs[0]['id']}")[1]
        assert frames(send(view["result"]["url"], "GET")[1]) == 30
        assert send(view["result"]["url"], "GET", Range="bytes=4-7") == (206, b"ftyp")
        work = (tmp_path / "served" / "work").exists()
        assert work == (kind == "folder"), "blobs are where they belong"


def test_a_store_that_cannot_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = "BlobEndpoint=http://127.0.0.1:9/a;AccountName=a;AccountKey=c2VjcmV0"
    for store, variable, said in (
        ("env:NOT_SET", "", "holds no connection string"),
        ("AccountKey=c2VjcmV0", "", "no known kind"),
        ("env:SOME_ACCOUNT", "AccountKey=c2VjcmV0", "malformed"),
        ("env:SOME_ACCOUNT", connection, "cannot be used"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "reelbrush", "serve", str(tmp_path), "--port", "0", "--store", store],
            env={**os.environ, "SOME_ACCOUNT": variable},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 4 and said in done.stderr, done.stderr
        assert "c2VjcmV0" not in done.stderr
