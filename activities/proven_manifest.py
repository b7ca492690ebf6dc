"""The manifest and the times of its frames: as they were written, and every frame in them once."""

from __future__ import annotations

from array import array

from activities.services import read_manifest, read_timestamps
from reelbrush.job import Job, Manifest, WorkNames, timestamps_hash
from reelbrush.job.names import WORK
from reelbrush.job.seal import is_broken
from reelbrush.store import Store, damaged


def proven_manifest(store: Store, job: Job) -> tuple[Manifest, array[int]]:
    """Return the job's manifest and the times of all its frames, in ticks.

    Raises StoreError: `damaged` for what no split wrote like that, and as `read_manifest`.
    """
    name = WorkNames(job.id).manifest
    manifest = read_manifest(store, job)
    problem = _changed(store.read_bytes(WORK, name)) or _misfit(manifest, job)
    if problem:
        raise damaged(WORK, name, problem)
    timestamps = read_timestamps(store, manifest)
    promised = manifest.timestamps_sha256 or timestamps_hash(timestamps)  # older manifests do not tell
    if timestamps_hash(timestamps) != promised:
        raise damaged(WORK, manifest.timestamps_blob, "it was changed after it was written")
    return manifest, timestamps


def _changed(text: bytes) -> str:
    try:
        return "it was changed after it was written" if is_broken(text) else ""
    except ValueError as error:
        return str(error)


def _misfit(manifest: Manifest, job: Job) -> str:
    """Return what keeps the manifest from holding every frame of the job once, "" for nothing."""
    if manifest.job != job.id:
        return f"it is of job {manifest.job}"
    frame = 0
    for index, segment in enumerate(manifest.segments):
        if (segment.index, segment.first_frame) != (index, frame) or segment.frame_count < 1:
            return f"segment {index} does not follow the one before it"
        frame += segment.frame_count
    if frame != manifest.frame_count or not frame:
        return f"its segments hold {frame} frames instead of {manifest.frame_count}"
    return ""
