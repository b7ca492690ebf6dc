"""The composition root of the activities: settings, store and compute backend, built once per process."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import tempfile
from array import array
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

import reelbrush
from reelbrush.compute import Compute, open_compute
from reelbrush.errors import ReelbrushError, StoreError
from reelbrush.job import Job, LedgerPage, Manifest, WorkNames
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.job.versions import NewerVersion
from reelbrush.settings import Settings
from reelbrush.store import DAMAGED, FolderStore, Store, damaged, open_store

if TYPE_CHECKING:
    from reelbrush.media.limits import Limits

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """What the activities stand on."""

    settings: Settings
    store: Store
    compute: Compute


@cache
def services() -> Services:
    """Build the services from the environment. Raises SettingsError or StoreError."""
    # Steps load media code when they need it, on threads. PyAV's modules import one another in circles:
    # threads that come upon them from several sides meet half of them, but wait for one that loads the whole.
    importlib.import_module("av")
    settings = Settings.from_env()
    return Services(settings, open_store(settings.store), open_compute(settings))


def styles_folder(settings: Settings) -> Path:
    """Return the folder of the styles that the app brings along; it may not exist."""
    return Path(settings.styles) if settings.styles else Path(reelbrush.__file__).parents[1] / "styles"


def read_manifest(store: Store, job: Job) -> Manifest:
    """Return the job's manifest. Raises StoreError when there is none that this release can read."""
    return read_work(Manifest, store, WorkNames(job.id).manifest)


def read_page(store: Store, job: str, generation: str, segment: int) -> LedgerPage:
    """Return a segment's ledger page. Raises as `read_manifest`."""
    return read_work(LedgerPage, store, WorkNames(job).page(generation, segment))


def read_whole_page(store: Store, manifest: Manifest, segment: int) -> LedgerPage | None:
    """Return a segment's ledger page; None where it is damaged: the stitch sees to such pages."""
    try:
        return read_page(store, manifest.job, manifest.generation, segment)
    except StoreError as error:
        if error.code != DAMAGED:
            raise
        return None


def read_work(kind: type[T], store: Store, name: str) -> T:
    """Return a document of `work/`.

    Raises StoreError: `damaged` for what no release wrote, `newer-version`, and when there is none.
    """
    try:
        return read_document(kind, store.read_bytes(WORK, name))
    except NewerVersion as error:
        raise newer_version(error) from None
    except ValueError as error:
        raise damaged(WORK, name, str(error)) from None


def newer_version(error: NewerVersion) -> StoreError:
    """Return the refusal of a document that only a newer release can read."""
    return StoreError(str(error), retryable=False, code=error.code)


def read_timestamps(store: Store, manifest: Manifest) -> array[int]:
    """Return the presentation times of all frames, in ticks.

    Raises StoreError: `damaged` when they are not as many as the manifest's frames, or do not increase.
    """
    values, name = array("q"), manifest.timestamps_blob
    data = store.read_bytes(WORK, name)
    values.frombytes(data[: len(data) // values.itemsize * values.itemsize])
    if len(values) != manifest.frame_count:
        raise damaged(WORK, name, f"it holds {len(values)} timestamps instead of {manifest.frame_count}")
    if any(later <= time for time, later in pairwise(values)):
        raise damaged(WORK, name, "a frame is not later than the one before it")
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
    """Remove what processes that were killed left behind: scratch folders and half-written files."""
    for path in base.glob("*-*"):
        name = path.name.removeprefix("scratch-")
        owner = name.partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def error_result(error: ReelbrushError) -> dict[str, Any]:
    """Return a final error as an activity's result. Errors that retrying may cure are raised instead."""
    if error.retryable:
        raise error
    return {"error": {"code": error.code, "message": str(error)[:1000]}}
