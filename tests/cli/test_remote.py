"""The commands that speak with a served app, against a real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av
import pytest

from reelbrush.cli.remote import remote_commands
from tests.app.test_serve import serving
from tests.cli.test_transfers import answering, reply
from tests.media import ffmpeg

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served app."""
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server.base


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames, 64x48."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1.2", "-pix_fmt", "yuv420p", str(path))
    return path


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,500 frames, 320x180: a network has to do with it for longer than any of these tests looks on."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    source = "testsrc2=size=320x180:rate=25:duration=100"
    ffmpeg("-f", "lavfi", "-i", source, "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path))
    return path


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1", **more}


def reelbrush(*arguments: str | Path, url: str, **more: str) -> Done:
    """Run a command; 0 where the test has nothing else to say."""
    command = [sys.executable, "-m", "reelbrush", *map(str, arguments), "--url", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment(**more))


def test_a_job_goes_its_way_by_commands_alone(app: str, tiny: Path, tmp_path: Path) -> None:
    done = reelbrush("submit", tiny, "--style", "identity", "--crf", "20", "--watch", url=app)
    assert done.returncode == 0, done.stderr
    job = done.stdout.strip()
    assert job.startswith("tiny-") and "\n" not in job, "the id alone is on stdout"
    assert f"reelbrush download {job}" in done.stderr

    view = json.loads(reelbrush("status", job, "--json", url=app).stdout)
    assert (view["status"], view["options"]) == ("Succeeded", {"crf": 20})
    told = reelbrush("status", job, "--watch", url=app).stdout
    assert "status   Succeeded" in told and "frames   30/30 (100%)" in told

    listed = reelbrush("list", "--top", "5", url=app).stdout.splitlines()
    assert listed[0].split()[:3] == ["ID", "STATUS", "DONE"]
    assert [job, "Succeeded", "100%", "identity"] in [line.split()[:4] for line in listed]
    value = json.loads(reelbrush("list", "--json", "--status", "succeeded", url=app).stdout)["value"]
    assert job in [item["id"] for item in value] and {item["status"] for item in value} == {"Succeeded"}

    assert reelbrush("logs", job, url=app).returncode == 0
    target = tmp_path / "new" / "out.mp4"
    done = reelbrush("download", job, "-o", target, url=app)
    assert done.stdout.strip() == str(target), done.stderr
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 30
    assert [path.name for path in target.parent.iterdir()] == ["out.mp4"]

    done = reelbrush("cancel", job, url=app)
    assert done.returncode == 0 and "nothing was to be stopped" in done.stderr
    done = reelbrush("retry", job, url=app)
    assert done.returncode == 1 and "succeeded" in done.stderr


def test_the_same_commands_serve_a_storage_account(
    account: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELBRUSH_TEST_ACCOUNT", account)
    with serving(tmp_path / "host", "--store", "env:REELBRUSH_TEST_ACCOUNT") as server:
        done = reelbrush("submit", tiny, "--style", "identity", "--watch", url=server.base)
        assert done.returncode == 0, done.stderr
        job = done.stdout.strip()
        done = reelbrush("download", job, "-o", tmp_path, url=server.base)
        assert done.stdout.strip() == str(tmp_path / "tiny.mp4"), done.stderr
    with av.open(str(tmp_path / "tiny.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 30


def test_what_cannot_be_is_told_with_an_exit_code(app: str, tiny: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.json"
    text.write_text("only words")
    broken = tmp_path / "broken.mp4"
    broken.write_text("only words")
    nobody = "nobody-0123456789"
    wrong: dict[int, list[Done]] = {
        1: [reelbrush("submit", broken, "--style", "identity", "--watch", url=app)],
        2: [
            reelbrush("submit", text, url=app),
            reelbrush("submit", tiny, "--style", "no-such-style", url=app),
            reelbrush("submit", tiny, "--strength", "7", url=app),
            reelbrush("status", nobody, url="nonsense"),
        ],
        3: [
            reelbrush("submit", tmp_path / "nothing.mp4", url=app),
            *(reelbrush(name, nobody, url=app) for name in ("status", "logs", "cancel", "retry", "download")),
            reelbrush("status", nobody, "--watch", url=app),
        ],
        4: [reelbrush("list", url="http://127.0.0.1:9")],
    }
    for code, done in wrong.items():
        for one in done:
            assert one.returncode == code, (one.args, one.stdout, one.stderr)
            assert one.stderr.strip() and "Traceback" not in one.stderr
    failed = wrong[1][0]
    assert failed.stdout.strip() in failed.stderr, "the id is told all the same, and why it failed"
    done = reelbrush("download", failed.stdout.strip(), url=app)
    assert done.returncode == 1 and "has no output: it failed" in done.stderr


def test_watching_ends_without_ending_the_job(app: str, long: Path) -> None:
    job = reelbrush("submit", long, "--style", "starry-night", url=app).stdout.strip()
    done = reelbrush("status", job, "--watch", "--timeout", "1.5", url=app)
    assert done.returncode == 5 and f"reelbrush status {job} --watch" in done.stderr

    command = [sys.executable, "-m", "reelbrush", "status", job, "--watch", "--json", "--url", app]
    watching = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert watching.stdout is not None
    assert json.loads(watching.stdout.readline())["status"] == "Running", "one line for each change"
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=60)
    assert watching.returncode == 130 and "the job goes on" in said and "Traceback" not in said

    assert json.loads(reelbrush("status", job, "--json", url=app).stdout)["status"] == "Running"
    done = reelbrush("download", job, url=app)
    assert done.returncode == 1 and "is not finished" in done.stderr
    assert reelbrush("cancel", job, url=app).stdout.strip() == job
    assert until(app, job, "Canceled") < 15
    done = reelbrush("status", job, url=app)
    assert done.returncode == 1 and "canceled" in done.stderr
    assert reelbrush("cancel", job, url=app).returncode == 0, "twice does no harm"
    assert reelbrush("retry", job, url=app).stdout.strip() == job
    until(app, job, "Running")
    reelbrush("cancel", job, url=app)


def until(url: str, job: str, status: str) -> float:
    """Wait until a job is in a state and return the seconds that it took."""
    began = time.monotonic()
    while json.loads(reelbrush("status", job, "--json", url=url).stdout)["status"] != status:
        assert time.monotonic() < began + 60
        time.sleep(0.2)
    return time.monotonic() - began


def test_the_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.headers["x-functions-key"] == "the key":
            reply(request, 200, json.dumps({"value": []}).encode(), Content_Type="application/json")
        else:
            reply(request, 401)

    file = tmp_path / "key"
    file.write_text("the key\n")
    with answering(answer) as base:
        assert reelbrush("list", url=base, REELBRUSH_KEY="the key").returncode == 0
        assert reelbrush("list", "--key-file", file, url=base).returncode == 0
        for wrong in ({}, {"REELBRUSH_KEY": "another"}):
            done = reelbrush("list", url=base, **wrong)
            assert done.returncode == 4 and "REELBRUSH_KEY" in done.stderr
    options = {name for command in remote_commands for option in command.params for name in option.opts}
    assert "--key-file" in options and not {"--key", "--code", "--password"} & options
