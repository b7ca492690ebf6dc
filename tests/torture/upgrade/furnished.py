"""What the store holds of a job in the middle of a recorded history: segments, documents of that release."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.services import Services, read_manifest
from activities.split import split
from activities.stitch import stitch
from reelbrush.job import (
    Batch,
    BatchProgress,
    BatchState,
    Job,
    WorkNames,
    index_name,
    run_id,
    to_json,
)
from reelbrush.job.names import INPUT, OUTPUT, WORK, output_name
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.stop import StopRequest
from tests.media import ffmpeg
from tests.torture.upgrade.cut import Cut
from tests.torture.upgrade.present import NodesHere

ID = "clip-0123456789"  # of the recorded jobs
NAMES = WorkNames(ID)
CREATED = 1767225600000  # milliseconds, of the recorded jobs
LEFT = Path(__file__).parent / "left"
_LIKE = {
    "manifest": "manifest.json",
    "page": "index-*/segments/00000.json",
    "batch": "runs/*-b0-a1/batch.json",
}
_LIKE |= {"progress": "runs/*-b0-a1/result.json", "record": "job.json"}


@dataclass(frozen=True)
class Kitchen:
    """The recorded jobs' video: split and painted in both ways, and what comes of it."""

    folder: Path  # a store with the source; work of both ways below it
    job: Job
    output: str  # blob
    right: dict[str, str]  # how the splits are called -> sha256 of the output
    results: dict[str, dict[str, Any]]


def cook(folder: Path) -> Kitchen:
    """Make 240 frames in five segments, as the recorded jobs have, and all that a job makes of them."""
    store = FolderStore(folder / "index")
    path = folder / "clip.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=24:duration=10", "-c:v", "libx264",
        "-g", "48", "-keyint_min", "48", "-sc_threshold", "0", "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    store.put_file(INPUT, "wave/clip.mp4", path)
    source = store.stat(INPUT, "wave/clip.mp4")
    assert source is not None
    job, results = Job(ID, source, "identity"), dict[str, dict[str, Any]]()
    shutil.copytree(folder / "index", folder / "careful", copy_function=_linked)
    for way in ("index", "careful"):
        to = Services(Settings(f"folder:{folder / way}"), FolderStore(folder / way), NodesHere(store))
        assert "error" not in split(to, job, careful=way == "careful")
        _paint(to.store, job, Batch(0, 0, 5, 240))
        results[way] = stitch(to, job)["result"]
    right = {way: str(result["sha256"]) for way, result in results.items()}
    return Kitchen(folder, job, f"{OUTPUT}/{output_name(ID, source.name, 'mp4')}", right, results)


def furnish(kitchen: Kitchen, cut: Cut, folder: Path) -> FolderStore:
    """Make a store as the release would have left it at the cut."""
    store = FolderStore(folder)
    source = folder / INPUT / "wave" / "clip.mp4"
    source.parent.mkdir(parents=True)
    _linked(kitchen.folder / "index" / INPUT / "wave" / "clip.mp4", source)
    here = _Left(kitchen, cut, store)
    request = cut.input
    if "ticket" in request:
        record = {"job": request["job"], "createdAt": request["startedAt"], "traceparent": "", "version": 1}
        here.put(NAMES.record, "record", record)
        store.put_bytes(WORK, index_name(CREATED, ID), b"")
        store.put_bytes(WORK, request["ticket"], b"")
    if "scoring" in request:  # continued as new: split was before
        here.split("index")
    for step, asked, answer in cut.done_steps():
        here.replay(step, asked, answer)
    return store


class _Left:
    def __init__(self, kitchen: Kitchen, cut: Cut, store: FolderStore) -> None:
        self._kitchen, self._release, self._store, self._way = kitchen, cut.release, store, "index"
        self._batches: dict[str, Batch] = {}

    def replay(self, step: str, asked: Any, answer: Any) -> None:
        """Leave what a step that came back had done, as far as steps after it look at it."""
        if step == "split_video" and "error" not in answer:
            self.split("careful" if asked["careful"] else "index")
        elif step == "submit_run":
            batch = self._batches[asked["run"]] = Batch(*asked["batch"])
            self.put(
                NAMES.batch(asked["run"]), "batch", _description(self._kitchen.job, batch, asked["attempt"])
            )
        elif step == "poll_runs":
            attempts = dict(asked["runs"])
            for look in (look for look in answer if "i" in look):
                self._look(run_id(ID, look["i"], attempts[look["i"]]), look)
        elif step == "stitch_video" and "missing" in answer:
            for first, last in answer["missing"]:
                for index in range(first, last + 1):
                    self._store.delete(WORK, NAMES.page(self._generation, index))
        elif step == "stitch_video" and "result" in answer:
            made = self._kitchen.folder / self._way / self._kitchen.output
            self._store.put_file(OUTPUT, self._kitchen.output.partition("/")[2], made)
        elif step == "finish_job":
            receipt = {
                "job": to_json(self._kitchen.job),
                "result": asked["result"],
                "retries": asked["retries"],
            }
            self._store.put_bytes(WORK, NAMES.receipt, json.dumps(receipt).encode())

    def split(self, way: str) -> None:
        """Leave the manifest of a split, its times and intermediate."""
        self._way = way
        made = self._kitchen.folder / way / WORK / ID
        for path in made.glob(f"{self._generation}/*.*"):
            self._store.put_file(WORK, f"{ID}/{self._generation}/{path.name}", path)
        self.put(NAMES.manifest, "manifest", json.loads((made / "manifest.json").read_text()))

    @property
    def _generation(self) -> str:
        work = self._kitchen.folder / self._way / WORK / ID
        return str(json.loads((work / "manifest.json").read_text())["generation"])

    def _look(self, run: str, look: dict[str, Any]) -> None:
        batch, state = self._batches[run], BatchState(look["s"])
        painted = batch.segment_count if state is BatchState.DONE else 1 if look.get("p") else 0
        for index in range(batch.first_segment, batch.first_segment + painted):
            made = self._kitchen.folder / self._way / WORK / NAMES.segment(self._generation, index)
            page = json.loads(made.with_suffix(".json").read_text())
            if self._store.stat(WORK, NAMES.page(self._generation, index)) is None:
                self._store.put_file(WORK, NAMES.segment(self._generation, index), made)
                self.put(NAMES.page(self._generation, index), "page", {**page, "run": run})
        told = BatchProgress(run, state, painted, batch.segment_count, look["n"], batch.frame_count, 0.0)
        document = {**to_json(told), "error_code": look.get("code"), "error": look.get("text")}
        names = [NAMES.progress(run)] + ([NAMES.result(run)] if state is BatchState.DONE else [])
        for name in names:
            self.put(name, "progress", document)

    def put(self, name: str, kind: str, document: dict[str, Any]) -> None:
        """Write a document with the fields that this release's own had."""
        folder = LEFT / self._release
        if folder.is_dir():
            (like,) = (folder / "store" / WORK).glob(f"tiny-*/{_LIKE[kind]}")
            known = json.loads(like.read_text()).keys() | {"error", "error_code"}
            document = {key: value for key, value in document.items() if key in known and value is not None}
        self._store.put_bytes(WORK, name, json.dumps(document).encode())


def _description(job: Job, batch: Batch, attempt: int) -> dict[str, Any]:
    document = {"job": to_json(job), "batch": to_json(batch), "attempt": attempt, "nodes": 1}
    return {**document, "submittedAt": "2026-01-01T00:00:00.000+00:00", "traceparent": "", "version": 1}


def _paint(store: Any, job: Job, batch: Batch) -> None:
    run = run_id(job.id, batch.index, 1)
    store.put_bytes(WORK, NAMES.batch(run), json.dumps(_description(job, batch, 1)).encode())
    ended = run_batch(store, job.id, run, RunSettings(threads=1, providers="cpu"), Rank(0, 1), StopRequest())
    assert ended.state is BatchState.DONE, ended.error


def _linked(source: str | Path, target: str | Path) -> str:
    os.link(source, target)
    return str(target)


def left_segments(store: FolderStore) -> dict[str, int]:
    """Return the published pages of the job, with when each was written."""
    work = store.root / WORK / ID
    return {str(path): path.stat().st_mtime_ns for path in work.glob("*/segments/*.json")}


def way_of(to: FolderStore, job: Job) -> str:
    """Return which split the job's manifest is of."""
    return read_manifest(to, job).generation.partition("-")[0]


__all__ = ["ID", "Kitchen", "cook", "furnish", "left_segments", "way_of"]
