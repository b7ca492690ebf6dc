"""The composition root of the activities: settings, store and compute backend, built once per process."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from array import array
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

import reelbrush
from reelbrush.compute import Compute, open_compute
from reelbrush.errors import ReelbrushError, StoreError
from reelbrush.job import Job, LedgerPage, Manifest, WorkNames
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore, Store, open_store

if TYPE_CHECKING:
    from reelbrush.media.limits import Limits


@dataclass(frozen=True)
class Services:
    """What the activities stand on."""

    settings: Settings
    store: Store
    compute: Compute


@cache
def services() -> Services:
    """Build the services from the environment. Raises SettingsError or StoreError."""
    settings = Settings.from_env()
    return Services(settings, open_store(settings.store), open_compute(settings))


def styles_folder(settings: Settings) -> Path:
    """Return the folder of the styles that the app brings along; it may not exist."""
    return Path(settings.styles) if settings.styles else Path(reelbrush.__file__).parents[1] / "styles"


def read_manifest(store: Store, job: Job) -> Manifest:
    """Return the job's manifest. Raises StoreError when there is none."""
    return read_document(Manifest, store.read_bytes(WORK, WorkNames(job.id).manifest))


def read_page(store: Store, job: str, generation: str, segment: int) -> LedgerPage:
    """Return a segment's ledger page. Raises StoreError when there is none, ValueError when it is damaged."""
    return read_document(LedgerPage, store.read_bytes(WORK, WorkNames(job).page(generation, segment)))


def read_timestamps(store: Store, manifest: Manifest) -> array[int]:
    """Return the presentation times of all frames, in ticks. Raises StoreError when the blob is cut short."""
    values = array("q")
    values.frombytes(store.read_bytes(WORK, manifest.timestamps_blob))
    if len(values) != manifest.frame_count:
        raise StoreError(
            f"{manifest.timestamps_blob} holds {len(values)} timestamps instead of {manifest.frame_count}",
            retryable=False,
        )
    return values


def check_source(store: Store, job: Job) -> None:
    """Raise StoreError (`source-changed`) unless the job's source still is the version that was uploaded."""
    found = store.stat(job.source.container, job.source.name)
    if found is None or found.etag != job.source.etag:
        raise StoreError(
            f"the source {job.source.container}/{job.source.name} was deleted or replaced after its upload",
            advice="upload it again: the new version is a new job",
            retryable=False,
            code="source-changed",
        )


def source_limits(settings: Settings) -> Limits:
    """Return what a source may have, before and after its upload."""
    from reelbrush.media.limits import Limits

    return Limits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        max_seconds=settings.max_seconds,
        max_total_pixels=int(settings.max_gigapixels * 1e9),
    )


@contextlib.contextmanager
def scratch_folder(store: Store) -> Generator[Path]:
    """Yield a folder for large temporary files, removed at the end; for a folder store on the same disk."""
    base = store.root / ".tmp" if isinstance(store, FolderStore) else None
    if base is not None:
        base.mkdir(parents=True, exist_ok=True)
        _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=f"scratch-{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: Path) -> None:
    """Remove what processes that were killed left behind."""
    for folder in base.glob("scratch-*-*"):
        if not psutil.pid_exists(int(folder.name.split("-")[1])):
            shutil.rmtree(folder, ignore_errors=True)


def error_result(error: ReelbrushError) -> dict[str, Any]:
    """Return a final error as an activity's result. Errors that retrying may cure are raised instead."""
    if error.retryable:
        raise error
    return {"error": {"code": error.code, "message": str(error)[:1000]}}
