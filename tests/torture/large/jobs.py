"""One job whose source lies in an account and its work in a folder, driven as the orchestrator would."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activities.services import Services, read_manifest
from activities.split import split
from activities.stitch import stitch
from reelbrush.compute.local import LocalCompute
from reelbrush.job import Batch, BatchState, Job, WorkNames, run_id, to_json
from reelbrush.job.names import INPUT, OUTPUT, WORK
from reelbrush.settings import Settings
from reelbrush.store import BlobStore, FolderStore
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.stop import StopRequest

TRIES = 4  # of a step, as function apps make them; of a batch 3
_READING = ("stat", "open", "read_bytes", "read_range")


class FilmsElsewhere:
    """A store whose container `input` is an account's; all else is in a folder."""

    def __init__(self, films: BlobStore, work: FolderStore) -> None:
        self.films, self.work = films, work

    def __getattr__(self, name: str) -> Any:
        if name not in _READING:
            return getattr(self.work, name)

        def ask(container: str, *arguments: Any) -> Any:
            return getattr(self.films if container == INPUT else self.work, name)(container, *arguments)

        return ask


def services(store: Any, folder: Path) -> Services:
    """Return what activities stand on."""
    settings = Settings(store=f"folder:{folder}", max_seconds=100 * 3600)
    return Services(settings, store, LocalCompute(settings.store, folder / "runs", workers=1))


def drive(to: Services, job: Job) -> dict[str, Any]:
    """Split, paint and stitch with the tries that the orchestrator has.

    Return the stitch's result; else {"error": {code, message, retryable?}}, whose code is `tries` when all of
    them raised.
    """
    answer = _tried(lambda: split(to, job, careful=False))
    if "error" in answer:
        return answer
    manifest = read_manifest(to.store, job)
    batch = Batch(0, 0, len(manifest.segments), manifest.frame_count)
    painted: dict[str, Any] = {}
    for attempt in (1, 2, 3):
        run = run_id(job.id, 0, attempt)
        document = {"job": to_json(job), "batch": to_json(batch), "attempt": attempt}
        to.store.put_bytes(WORK, WorkNames(job.id).batch(run), json.dumps(document).encode())
        progress = run_batch(to.store, job.id, run, RunSettings(), Rank(), StopRequest())
        again = progress.retryable
        painted = {"error": {"code": progress.error_code, "message": progress.error, "retryable": again}}
        if progress.state is BatchState.DONE or not again:
            break
    if progress.state is not BatchState.DONE:
        return painted
    return _tried(lambda: stitch(to, job))


def output_of(to: Services, job: Job) -> list[str]:
    """Return the names of what the job has published."""
    return [blob.name for blob in to.store.list(OUTPUT, f"{job.id}/")]


def _tried(step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    last = ""
    for _ in range(TRIES):
        try:
            return step()
        except Exception as error:
            last = f"{type(error).__name__}: {error}"
    return {"error": {"code": "tries", "message": last}}
