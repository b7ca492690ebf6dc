"""The steps of one job in a process of its own, each measured: python -m ... STORE SOURCE [SOURCE ...]

The first source warms the process up. Prints one JSON object per source: step -> [CPU seconds, bytes at the
peak, bytes of what it answers], and `answers`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from array import array
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from activities.batches import batch_rows
from activities.finish import finish
from activities.plan import plan_for
from activities.services import Services, read_manifest, read_timestamps
from activities.split import split
from activities.stitch import stitch
from function_app.watch.films import find_film
from reelbrush.compute.local import LocalCompute
from reelbrush.hls.playlist import media_playlist
from reelbrush.job import Job, Manifest, WorkNames, to_json
from reelbrush.job.names import INPUT, WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.torture.large.published import publish_all
from tests.torture.large.usage import used


def run_job(to: Services, name: str, scratch: Path) -> dict[str, Any]:
    """Take the source `name` through all steps."""
    assert isinstance(to.store, FolderStore)
    source = to.store.stat(INPUT, name)
    assert source is not None
    job = Job(f"{name.partition('.')[0]}-0123456789", source, "identity")
    request = {"job": to_json(job)}
    measured: dict[str, list[float]] = {}
    answers: dict[str, Any] = {}

    def step(what: str, call: Callable[[], Any]) -> Any:
        with used() as usage:
            answer = call()
        size = len(json.dumps(answer)) if isinstance(answer, dict | list) else 0
        measured[what] = [usage.cpu, usage.peak, size]
        return answer

    answers["split"] = step("split", lambda: split(to, job, careful=False, planned=False))
    if "error" in answers["split"]:
        return {"measured": measured, "answers": answers}
    most = replace(to, settings=replace(to.settings, batch_frames=-(-answers["split"]["frames"] // 100)))
    answers["plan"] = step("plan", lambda: plan_for(most, request))
    manifest, times = _plan_of(to, job)
    publish_all(to.store, manifest, times, scratch)
    answers["playlist"] = step("playlist", lambda: _playlist(to, job.id))
    answers["rows"] = step("batch rows", lambda: batch_rows(to, job.id, [1] * 100))
    with _every_other_lost(to.store, manifest):
        answers["missing"] = step("stitch with gaps", lambda: stitch(to, job))
    answers["stitch"] = step("stitch", lambda: stitch(to, job))
    done = {**request, "result": answers["stitch"].get("result", {}), "retries": 0}
    answers["finish"] = step("finish", lambda: finish(to, done))
    return {"measured": measured, "answers": answers, "segments": len(manifest.segments)}


def _plan_of(to: Services, job: Job) -> tuple[Manifest, array[int]]:
    manifest = read_manifest(to.store, job)
    return manifest, read_timestamps(to.store, manifest)


def _playlist(to: Services, job: str) -> int:
    film = find_film(to.store, job)
    assert film is not None
    count = film.published()
    text = media_playlist(
        film.entries[:count], film.scale, film.target_duration, film.uri("init.mp4"), ended=True
    )
    return text.count("#EXTINF")


@contextmanager
def _every_other_lost(store: FolderStore, manifest: Manifest) -> Generator[None]:
    names = WorkNames(manifest.job)
    pages = [
        store.path(WORK, names.page(manifest.generation, segment.index)) for segment in manifest.segments[::2]
    ]
    kept = [page.read_bytes() for page in pages]
    for page in pages:
        page.unlink()
    yield
    for page, content in zip(pages, kept, strict=True):
        page.write_bytes(content)


def main() -> None:
    """Run."""
    store = FolderStore(Path(sys.argv[1]))
    settings = Settings(store=store.uri, max_seconds=100 * 3600)
    to = Services(settings, store, LocalCompute(store.uri, store.root / "runs", workers=1))
    for name in sys.argv[2:]:
        with tempfile.TemporaryDirectory(dir=store.root) as scratch:
            print(json.dumps(run_job(to, name, Path(scratch))), flush=True)


if __name__ == "__main__":
    main()
