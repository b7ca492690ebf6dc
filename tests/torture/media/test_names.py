"""Whatever an upload or an output is called: nothing is written elsewhere, nothing is executed."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reelbrush.errors import StoreError
from reelbrush.job import starts_job
from reelbrush.store import FolderStore
from tests.api.serving import Served, serving
from tests.media import ffmpeg
from tests.torture.media.bounded import ROOT
from tests.torture.media.command import reelbrush_run
from tests.torture.media.names import names, on_disk
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(1800)  # machines are busy

_EVERY = 10  # of so many uploads one is a film, the others are refused for their content
_STORE_FOLDERS = {"input", "output", "work", "styles", ".tmp", ".runs", ".keys"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three frames of 16x16."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=16x16:rate=3:duration=1", "-pix_fmt", "yuv420p", str(path))
    return path.read_bytes()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "app") as served:
        yield served


def outside(app: Served, folder: Path) -> set[str]:
    """What lies where nothing of the app may: beside its folders, in the code, under unknown names."""
    store = app.store.root
    found = {str(path) for path in folder.iterdir() if path.name != "app"}
    found |= {str(path) for path in (folder / "app").iterdir() if path.name not in ("store", "host")}
    found |= {str(path) for path in store.iterdir() if path.name not in _STORE_FOLDERS}
    found |= {str(path) for place in (ROOT, Path.cwd(), Path("/tmp")) for path in place.glob("PWNED*")}
    found |= {str(path) for path in Path("/tmp").glob("*evil*")}
    known = {job["id"] for job in _jobs(app)}
    for container in ("output", "work"):
        held = (store / container).iterdir() if (store / container).is_dir() else ()
        found |= {str(path) for path in held if path.name not in known and not path.name.startswith(".")}
    return found


def _jobs(app: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = "/api/jobs"
    while query:
        page = app.client.get(query).json()
        found += page["value"]
        query = page.get("nextLink", "")
    return found


def ended(app: Served, count: int) -> list[dict[str, Any]]:
    """All jobs, once there are `count` and all have ended."""
    end = time.monotonic() + 600
    while True:
        jobs = _jobs(app)
        if len(jobs) >= count and all(job["status"] in ("Succeeded", "Failed") for job in jobs):
            return jobs
        assert time.monotonic() < end, f"{len(jobs)} of {count} jobs, {[job['status'] for job in jobs]}"
        time.sleep(0.2)


@pytest.mark.torture("names of uploads by the API", full=120, slice=10)
def test_uploads_by_any_name(toll: Toll, film: bytes, app: Served, tmp_path: Path) -> None:
    taken = 0
    for name in names(toll.tries, random.Random(toll.seeds()[0])):
        content = film if taken % _EVERY == 0 else b"no film"
        answer = app.call(
            "POST", "/api/uploads", {"name": name, "sizeBytes": len(content), "style": "identity"}
        )
        if answer.status_code == 201:
            place = answer.json()
            sent = app.client.request(
                place["method"], place["uploadUrl"], content=content, headers=place["headers"]
            )
            taken += sent.status_code == 201
            right = sent.status_code == 201 and place["blob"].startswith("input/identity/")
        else:
            right = 400 <= answer.status_code < 500 and bool(answer.json()["detail"])
        toll.survived() if right else toll.lost(f"{name!r}: {answer.status_code} {answer.text[:200]}")
    jobs = ended(app, taken)
    if len(jobs) != taken:
        toll.lost(f"{taken} uploads became {len(jobs)} jobs")
    if not any(job["status"] == "Succeeded" for job in jobs):
        toll.lost("no film came through")
    for path in outside(app, tmp_path):
        toll.leaked(path)


@pytest.mark.torture("names of files dropped into the folder", full=120, slice=10)
def test_files_dropped_by_any_name(toll: Toll, film: bytes, app: Served, tmp_path: Path) -> None:
    folder = bytes(app.store.root / "input" / "identity")
    os.mkdir(folder)
    expected: set[str] = set()
    for number, name in enumerate(names(toll.tries, random.Random(toll.seeds()[0] + 1000))):
        spelled = on_disk(name)
        if spelled is not None and not os.path.exists(os.path.join(folder, spelled)):
            with open(os.path.join(folder, spelled), "wb") as file:
                file.write(film if number % _EVERY == 0 else b"no film %d" % number)
            expected |= _starts(spelled)
        toll.survived()
    _side_cars(Path(os.fsdecode(folder)))
    expected |= {"tricked.mp4", "huge.mp4", "linked.mp4"}
    jobs = ended(app, len(expected))
    held = {job["input"]["blob"].removeprefix("input/identity/") for job in jobs}
    if held != expected:
        toll.lost(f"not as expected: {sorted(held ^ expected)}")
    for job in jobs:
        if "secret of the machine" in json.dumps(job):
            toll.leaked(f"a side-car's link was followed and told: {job['id']}")
    for path in outside(app, tmp_path) - {str(tmp_path / "app" / "secret.json")}:
        toll.leaked(path)


def _starts(spelled: bytes) -> set[str]:
    """The names of the jobs that a file starts: one; none for a side-car, a hidden or an unreadable name."""
    try:
        name = spelled.decode()
    except UnicodeDecodeError:
        return set()
    return {name} if starts_job(name) and "\\" not in name else set()


def _side_cars(folder: Path) -> None:
    secret = folder.parents[2] / "secret.json"
    secret.write_text('{"style": "secret of the machine"}')
    (folder / "tricked.mp4.json").mkdir()
    (folder / "huge.mp4.json").write_bytes(b"[" * 2_000_000)
    (folder / "linked.mp4.json").symlink_to(secret)
    for name in ("tricked.mp4", "huge.mp4", "linked.mp4"):
        (folder / name).write_bytes(b"no film")


@pytest.mark.torture("names of outputs of the command", full=12, slice=1)
def test_outputs_by_any_name(toll: Toll, film: bytes, tmp_path: Path) -> None:
    for number, name in enumerate(names(toll.tries * 3, random.Random(toll.seeds()[0] + 2000))):
        spelled = on_disk(name)
        if spelled is None or toll.tried >= toll.tries:
            continue
        home = tmp_path / str(number)
        (home / "in").mkdir(parents=True)
        (home / "out").mkdir()
        source = home / "in" / os.fsdecode(spelled)
        source.write_bytes(film)
        output = home / "out" / (os.fsdecode(spelled[:200]) + ".mp4")
        done = reelbrush_run(source, output, folder=home)
        left = {path for path in home.rglob("*") if path.is_file()} - {source, output, home / "said.txt"}
        if left:
            toll.leaked(f"{spelled!r}: {sorted(map(str, left))}")
        elif (
            "Traceback" in done.said or done.status not in (0, 1, 2) or (done.status == 0) != output.exists()
        ):
            toll.lost(f"{spelled!r}: exit status {done.status} {done.said}")
        else:
            toll.survived()


def test_a_link_is_no_blob(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put_bytes("input", "real.mp4", b"film")
    (tmp_path / "secret").write_bytes(b"secret")
    (store.root / "input" / "link.mp4").symlink_to(tmp_path / "secret")
    assert store.stat("input", "link.mp4") is None
    assert [blob.name for blob in store.list("input")] == ["real.mp4"]
    with pytest.raises(StoreError):
        store.read_bytes("input", "link.mp4")
