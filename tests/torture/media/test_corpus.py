"""The public test media through the product's own doors: command line, served app, and the checker."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.serving import Served, serving
from tests.torture.media.bounded import MOST_CPU, MOST_MEMORY, splitter
from tests.torture.media.command import reelbrush_run
from tests.torture.media.corpus import Row, corpus, fingerprint, judged
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(1800)  # machines are busy

_COMMAND_CPU = 3.0  # seconds that the command takes before and after it looks at the file


def sampled(rows: list[Row], toll: Toll) -> list[Row]:
    """As many rows as are to be tried, by the first seed."""
    chance = random.Random(toll.seeds()[0])
    return rows if toll.tries >= len(rows) else chance.sample(rows, toll.tries)


def copied(row: Row, folder: Path) -> Path:
    """A copy of a file, to see whether it is touched."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(row.path, folder / row.path.name))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


@pytest.mark.torture("bad videos: bounds of opening them", full=12, slice=12)
def test_bad_videos_are_refused_within_bounds(toll: Toll, shared: Path, tmp_path: Path) -> None:
    most_cpu, most_memory = 0.0, 0
    with splitter() as apart:
        for row in corpus(shared, "refuse"):
            end = apart.end_of(copied(row, tmp_path))
            most_cpu, most_memory = max(most_cpu, end.cpu), max(most_memory, end.memory)
            broken = end.broken() or ("accepted" if end.code == "ok" else "")
            toll.lost(f"{row.path.name}: {broken}") if broken else toll.survived()
    toll.figure("at most", f"{most_cpu:.2f} s of CPU, {most_memory >> 20} MB")


@pytest.mark.torture("bad videos: the command line refuses them", full=12, slice=2)
def test_bad_videos_are_refused_by_the_command(toll: Toll, shared: Path, tmp_path: Path) -> None:
    most_cpu, most_memory = 0.0, 0
    for row in sampled(corpus(shared, "refuse"), toll):
        source = copied(row, tmp_path / "in")
        before = fingerprint(source)
        work = tmp_path / "here"
        work.mkdir()
        done = reelbrush_run(source, work / "out.mp4", "--keep", folder=work)
        most_cpu, most_memory = max(most_cpu, done.cpu), max(most_memory, done.memory)
        wrong = [
            what
            for what, holds in {
                f"exit status {done.status}": done.status == 1,
                f"says {done.said!r}": 1 <= len(done.said.strip().splitlines()) <= 2
                and "Traceback" not in done.said,
                f"{done.cpu:.1f} s of CPU": done.cpu < MOST_CPU + _COMMAND_CPU,
                f"{done.memory >> 20} MB": done.memory < MOST_MEMORY,
                "the source changed": fingerprint(source) == before,
                "a scoring process was started": not list(work.rglob(".runs/*")),
                "there is an output": not (work / "out.mp4").exists(),
            }.items()
            if not holds
        ]
        toll.lost(f"{row.path.name}: {'; '.join(wrong)}") if wrong else toll.survived()
        shutil.rmtree(work)
    toll.figure("at most", f"{most_cpu:.1f} s of CPU in all, {most_memory >> 20} MB")


@pytest.mark.torture("bad videos: the served app refuses them", full=12, slice=12)
def test_bad_videos_are_refused_by_the_app(toll: Toll, shared: Path, app: Served) -> None:
    for row in corpus(shared, "refuse"):
        blob = app.store.path("input", f"identity/{row.path.name}")
        app.store.put_bytes("input", f"identity/{row.path.name}", row.path.read_bytes())
        before = fingerprint(blob)
        job = job_of(app, f"input/identity/{row.path.name}")
        view = app.until(job, "Failed", "Succeeded")
        wrong = _wrong_words(view)
        if view["error"]["code"] != "no-frames":  # which only decoding tells, and a quote decodes nothing
            wrong += _no_problem(app, f"identity/{row.path.name}")
        if fingerprint(blob) != before:
            wrong.append("the source changed")
        if any(job in str(path) for path in app.store.root.glob(".runs/*")):
            wrong.append("a scoring process was started")
        toll.lost(f"{row.path.name}: {'; '.join(wrong)}") if wrong else toll.survived()


def job_of(app: Served, blob: str) -> str:
    """Return the id of the job that a blob starts, once it is known."""
    end = time.monotonic() + 60
    while not (found := app.client.get("/api/jobs", params={"blob": blob}).json()["value"]):
        assert time.monotonic() < end, blob
        time.sleep(0.05)
    return found[0]["id"]


def _wrong_words(view: dict[str, object]) -> list[str]:
    error = view.get("error")
    if view["status"] != "Failed" or not isinstance(error, dict):
        return [f"it is {view['status']}"]
    message = str(error.get("message"))
    wrong = [] if error.get("code") not in (None, "internal") else [f"error {error}"]
    if len(message.split(". ")) < 2 or "Error" in message or "Traceback" in message:
        wrong.append(f"no reason with advice: {message}")
    return wrong


def _no_problem(app: Served, name: str) -> list[str]:
    """What is wrong with the answer to asking what painting this blob would cost."""
    answer = app.call("POST", "/api/quotes", {"blob": f"input/{name}"})
    kind, detail = answer.headers["content-type"], answer.json().get("detail")
    if answer.status_code in (413, 422) and kind == "application/problem+json" and detail:
        return []
    return [f"a quote answers {answer.status_code} {answer.text[:200]}"]


@pytest.mark.torture("good videos end to end, judged by the checker", full=88, slice=2)
def test_good_videos_pass_the_checker(toll: Toll, shared: Path, tmp_path: Path) -> None:
    for row in sampled(corpus(shared, "ok"), toll):
        wrong = _painted(shared, row, tmp_path)
        toll.lost(f"{row.path.name}: {wrong}") if wrong else toll.survived()


@pytest.mark.torture("damaged videos end in a reason or a right film", full=6, slice=2)
def test_damaged_videos_end_in_a_reason_or_a_right_film(toll: Toll, shared: Path, tmp_path: Path) -> None:
    for row in sampled(corpus(shared, "either"), toll):
        wrong = _painted(shared, row, tmp_path, refusal=True)
        toll.lost(f"{row.path.name}: {wrong}") if wrong else toll.survived()


def _painted(shared: Path, row: Row, folder: Path, *, refusal: bool = False) -> str:
    """Say what is wrong with a film's way through the product; "" when nothing is."""
    here = folder / "here"
    here.mkdir()
    try:
        output = here / "out.mp4"
        done = reelbrush_run(row.path, output, folder=here)
        made = output if output.exists() else next(iter(here.glob("out.m*")), None)
        if refusal and done.status == 1 and made is None and done.said.strip():
            return "" if "Traceback" not in done.said else done.said
        if done.status != 0 or made is None:
            return f"exit status {done.status}: {done.said}"
        return "; ".join(judged(shared, row.path, made))
    finally:
        shutil.rmtree(here)
