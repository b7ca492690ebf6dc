"""Documents of other releases in a job that goes on: understood, or refused with a reason and left alone."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reelbrush.host import InstanceStatus
from reelbrush.job.versions import NEWER, RELEASE, NewerVersion
from reelbrush.store import FolderStore
from tests.torture.toll import Toll
from tests.torture.upgrade.present import NodesHere, picture_of, played, present
from tests.torture.upgrade.test_left_behind import LEFT, RELEASES, restored, when

PLACES = {
    "manifest": "*/manifest.json",
    "page": "*/index-*/segments/00000.json",
    "batch": "*/runs/*-b1-a1/batch.json",
    "result": "*/runs/*-b0-a1/result.json",
    "heartbeat": "*/runs/*-b0-a1/progress.json",
    "record": "*/job.json",
    "input": "",
}
HARMLESS = ("heartbeat", "record")  # nobody needs them to finish the job
_NEWER_FIELDS: dict[str, Any] = {"since_9": {"a": [1, None]}, "another": "word", "nothing": None}


@dataclass(frozen=True)
class Try:
    """One job of a release, with one document of another."""

    release: str
    place: str
    change: str  # newer, fields or none
    version: int

    @property
    def refused(self) -> bool:
        """Whether the job cannot go on."""
        return self.change == "newer" and self.place not in HARMLESS


def tries(toll: Toll) -> list[Try]:
    """Return each place with each change in each release in turn, shuffled."""
    every = [(r, p, c) for r in RELEASES for p in PLACES for c in ("newer", "newer", "fields")]
    chance = random.Random(toll.seeds()[0])
    chance.shuffle(every)
    found: list[Try] = []
    while len(found) < toll.tries:
        release, place, change = every[len(found) % len(every)]
        if place == "record" and release == "0.1.0":
            place = "manifest"  # that release wrote none
        if place == "input":
            change = "newer"
        known = RELEASE if place == "input" else 1
        found.append(Try(release, place, change, chance.choice((known + 1, known + 2, 99, 2**70))))
    return found


def changed(this: Try, folder: Path) -> dict[Path, bytes]:
    """Make the change; return what the files held that must not be changed back by the app."""
    if this.place == "input":
        with sqlite3.connect(folder / "hub" / "host.db") as hub:
            for table, key, column in (("instance", "id", "input"), ("history", "seq", "event")):
                for row, text in hub.execute(f"select {key}, {column} from {table}").fetchall():
                    text = re.sub(r'(\\*)"release\1": \d+, ', "", text)
                    newer = rf'\g<1>"release\g<1>": {this.version}, \g<0>'
                    text = re.sub(r'(\\*)"attempts\1": 3', newer, text)
                    hub.execute(f"update {table} set {column}=? where {key}=?", (text, row))
        hub.close()
        return {}
    (path,) = (folder / "store" / "work").glob(PLACES[this.place])
    before = path.read_bytes()
    document = json.loads(before)
    document |= {"version": this.version} if this.change == "newer" else _NEWER_FIELDS
    path.write_text(json.dumps(document))
    return {path: before}


def ended_right(this: Try, status: InstanceStatus, folder: Path) -> str:
    """Return what is wrong with a job that was finished."""
    if status.runtime_status != "Completed":
        return f"{status.runtime_status}: {status.custom_status}, {status.output}"
    container, _, name = status.output["blob"].partition("/")
    made = picture_of(FolderStore(folder / "store").read_bytes(container, name), folder)
    right = picture_of((LEFT / this.release / "whole.mp4").read_bytes(), folder)
    return "" if made == right else "the output differs from the release's own"


async def gone_on(this: Try, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the present release go on with the job; return what is wrong with that."""
    store = FolderStore(folder / "store")
    nodes, moment = NodesHere(store), when(folder)
    (job,) = [path.parent.name for path in (folder / "store" / "work").glob("*/manifest.json")]
    nodes.waiting_runs.add(f"{job}-b1-a1")
    files = changed(this, folder)
    kept = {path: path.read_bytes() for path in files}
    async with present(store, folder / "hub", moment, monkeypatch, nodes) as app:
        status = await app.host.wait(job, timeout=150)
        if not this.refused:
            return ended_right(this, status, folder)
        error = (status.custom_status or {}).get("error", {})
        if status.runtime_status != "Failed" or error.get("code") != NewerVersion.code:
            return f"not refused: {status.runtime_status}, {status.custom_status}, {status.output}"
        if NEWER not in error["message"] or any(path.read_bytes() != text for path, text in kept.items()):
            return f"refused without a reason, or written over: {error}"
        for path, text in files.items():  # the upgrade: from now on the document is understood
            path.write_bytes(text)
        return ended_right(this, await app.retry(status), folder)


@pytest.mark.torture("documents of earlier and later versions", full=120, slice=8)
def test_documents_are_understood_or_refused(
    toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, this in enumerate(tries(toll)):
        folder = tmp_path / str(number)
        restored(this.release, folder)
        told = played(gone_on(this, folder, monkeypatch))
        if told:
            toll.lost(f"first seed {toll.seeds()[0]}, {this}: {told}")
        else:
            toll.survived()
