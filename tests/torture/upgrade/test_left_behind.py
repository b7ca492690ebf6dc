"""Jobs that earlier releases left half done, as they were on disk: documents, segments and the hub.

`left/VERSION` was made by that release's own code, killed in the middle of a job: `store` and the text of its
database, `whole.mp4` as it would have ended, `receipt.json` of another job.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reelbrush.errors import HostError
from reelbrush.host.storage import SCHEMA, Storage
from reelbrush.store import FolderStore
from tests.torture.toll import Toll
from tests.torture.upgrade.present import NodesHere, picture_of, played, present

LEFT = Path(__file__).parent / "left"
RELEASES = ("0.1.0", "0.2.0", "0.3.0")
SOURCE, CHANGED = "identity/tiny.mp4", 1795423037180203111  # nanoseconds, by which the folder's ETag is made


def restored(release: str, folder: Path) -> FolderStore:
    """Put a job that a release left into `folder`/store, and its database into `folder`/hub."""
    shutil.copytree(LEFT / release / "store", folder / "store")
    source = folder / "store" / "input" / SOURCE
    source.parent.mkdir(parents=True)
    shutil.copyfile(LEFT / "tiny.mp4", source)
    os.utime(source, ns=(CHANGED, CHANGED))
    (folder / "hub").mkdir()
    with sqlite3.connect(folder / "hub" / "host.db") as hub:
        hub.executescript((LEFT / release / "hub.sql").read_text())
    hub.close()
    return FolderStore(folder / "store")


def when(folder: Path) -> datetime:
    """Return the moment at which a restored hub was left."""
    with sqlite3.connect(folder / "hub" / "host.db") as hub:
        ((latest,),) = hub.execute("select max(updated) from instance").fetchall()
    hub.close()
    return datetime.fromtimestamp(latest / 1e6, UTC)


async def finished(release: str, folder: Path, monkeypatch: pytest.MonkeyPatch, nodes: NodesHere) -> str:
    """Let the present release finish what is in `folder`; return what is wrong then."""
    store = FolderStore(folder / "store")
    async with present(store, folder / "hub", when(folder), monkeypatch, nodes) as app:
        (left,) = await app.host.instances()
        status = await app.host.wait(left.instance_id, timeout=150)
        if status.runtime_status != "Completed":
            return f"{status.runtime_status}: {status.custom_status}, {status.output}"
        container, _, name = status.output["blob"].partition("/")
        made = picture_of(store.read_bytes(container, name), folder)
        right = picture_of((LEFT / release / "whole.mp4").read_bytes(), folder)
        return "" if made == right else "the output differs from the release's own"


@pytest.mark.torture("hub databases and work that earlier releases left half done", full=12, slice=3)
def test_what_a_release_left_is_finished(toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, seed in enumerate(toll.seeds()):
        release, chance = RELEASES[number % len(RELEASES)], random.Random(seed)
        folder = tmp_path / str(seed)
        store = restored(release, folder)
        nodes = NodesHere(store)
        kept = chance.random() < 0.5
        (job,) = [path.parent.name for path in (folder / "store" / "work").glob("*/manifest.json")]
        if kept:  # its node lives on; else it was lost together with the host
            nodes.waiting_runs.add(f"{job}-b1-a1")
        page = next((folder / "store" / "work" / job).glob("index-*/segments/00000.json"))
        before = page.read_bytes(), page.stat().st_mtime_ns
        told = played(finished(release, folder, monkeypatch, nodes))
        if not told and (page.read_bytes(), page.stat().st_mtime_ns) != before:
            told = "a published segment was painted again"
        if told:
            toll.lost(f"seed {seed}, {release}, node {'kept' if kept else 'lost'}: {told}")
        else:
            toll.survived()


@pytest.mark.torture("hub databases of other versions, and files that are none", full=40, slice=12)
def test_a_hub_of_another_version_is_taken_or_refused(toll: Toll, tmp_path: Path) -> None:
    for number, seed in enumerate(toll.seeds()):
        chance, folder = random.Random(seed), tmp_path / str(seed)
        release = RELEASES[number % len(RELEASES)]
        restored(release, folder)
        path = folder / "hub" / "host.db"
        version = chance.choice([SCHEMA + 1, SCHEMA + 2, 2**31 - 1, 0, 0, -1])
        broken = chance.choice(["", "", "column", "garbage"]) if version == 0 else ""
        with sqlite3.connect(path) as hub:
            hub.execute(f"pragma user_version={version}")
            if broken == "column":
                hub.execute("alter table inbox rename column due to done")
        hub.close()
        if broken == "garbage":
            path.write_bytes(chance.randbytes(8192))
        content = path.read_bytes()
        wanted = "newer-version" if version > SCHEMA else "host" if broken else ""
        try:
            storage = Storage(folder / "hub")
        except HostError as error:
            told = error.code
            if path.read_bytes() != content and told == "newer-version":
                toll.lost(f"seed {seed}: a newer release's database was written to")
                continue
            if not error.advice:
                told = "no advice"
        else:
            told = ""
            rows = storage.row("select count(*) from history")
            if rows is None or not rows[0]:
                told = "the history is gone"
            if storage.rows("pragma user_version") != [(SCHEMA,)]:
                told = "the version is not noted"
            storage.close()
        if told == wanted:
            toll.survived()
        else:
            toll.lost(f"seed {seed}, {release}, version {version} {broken}: {told!r} instead of {wanted!r}")


def test_what_was_left_is_what_is_said() -> None:
    for release in RELEASES:
        hub = (LEFT / release / "hub.sql").read_text()
        assert "'Running'" in hub and "user_version" not in hub
        assert ("leased_by" in hub) == (release < "0.3")
        (job,) = (LEFT / release / "store" / "work").glob("*/manifest.json")
        assert ("origin" in json.loads(job.read_text())) == (release > "0.1.0")
