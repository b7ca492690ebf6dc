"""Stitch: check the ledger, join the segments, put the other tracks back, verify, publish."""

from __future__ import annotations

import asyncio
import hashlib
import io
from array import array
from typing import Any, BinaryIO, cast

import azure.durable_functions as df

from activities.marks import CancelWatch, JobCanceled, is_canceled
from activities.reading import read_each
from activities.services import (
    Services,
    check_source,
    error_result,
    read_manifest,
    read_page,
    read_timestamps,
    scratch_folder,
    services,
)
from activities.traced import traced
from reelbrush.errors import ReelbrushError, StoreError
from reelbrush.job import (
    Job,
    LedgerPage,
    Manifest,
    Segment,
    WorkNames,
    from_json,
    output_name,
    timestamps_hash,
)
from reelbrush.job.names import OUTPUT, WORK

bp = df.Blueprint()

REPORTED = 500  # ranges named in one answer; the rest shows up in the next round


@bp.activity_trigger(input_name="request", activity="stitch_video")
@traced("stitch_video")
async def stitch_video(request: dict) -> dict:  # type: ignore[type-arg]
    """Return {"result"}, {"missing": [[first, last], ...]}, {"error"} or {"canceled"}. Request: {"job"}."""
    return await asyncio.to_thread(stitch, services(), from_json(Job, request["job"]))


def stitch(to: Services, job: Job) -> dict[str, Any]:
    """Make and publish the output of a job whose segments are all published; see `stitch_video`."""
    if is_canceled(to.store, job.id):
        return {"canceled": True}
    try:
        check_source(to.store, job)
        manifest = read_manifest(to.store, job)
        timestamps = read_timestamps(to.store, manifest)
        missing = unproven(to, manifest, timestamps)
        if missing:
            return {"missing": ranges(missing)[:REPORTED]}
        result = _stitch(to, job, manifest, timestamps)
    except JobCanceled:
        return {"canceled": True}
    except ReelbrushError as error:
        return error_result(error)
    if is_canceled(to.store, job.id):  # the cancellation may have looked for an output before it was there
        to.store.delete_prefix(OUTPUT, f"{job.id}/")
        return {"canceled": True}
    return {"result": result}


def ranges(indices: list[int]) -> list[list[int]]:
    """Return ascending integers as [first, last] pairs, both inclusive."""
    pairs: list[list[int]] = []
    for index in indices:
        if pairs and pairs[-1][1] == index - 1:
            pairs[-1][1] = index
        else:
            pairs.append([index, index])
    return pairs


def unproven(to: Services, manifest: Manifest, timestamps: array[int]) -> list[int]:
    """Return the indices of segments without a proof that holds; their pages are deleted.

    When the style's model was replaced while the job ran, no segment counts, so that one video never mixes
    two versions of a style.
    """
    pages = read_each(lambda segment: _proof(to, manifest, segment, timestamps), manifest.segments)
    models = {page.versions.get("model", "") for page in pages if page is not None}
    segments = zip(manifest.segments, pages, strict=True)
    bad = [segment.index for segment, page in segments if page is None or len(models) > 1]
    for index in bad:
        to.store.delete(WORK, WorkNames(manifest.job).page(manifest.generation, index))
    return bad


def _proof(to: Services, manifest: Manifest, segment: Segment, timestamps: array[int]) -> LedgerPage | None:
    names = WorkNames(manifest.job)
    try:
        page = read_page(to.store, manifest.job, manifest.generation, segment.index)
        first, count = segment.first_frame, segment.frame_count
        if page.frame_count != count or page.timestamps_sha256 != timestamps_hash(
            timestamps[first : first + count]
        ):
            return None
        with to.store.open(WORK, names.segment(manifest.generation, segment.index)) as reader:
            digest = hashlib.file_digest(cast("io.BufferedReader", reader), "sha256").hexdigest()
        return page if digest == page.sha256 else None
    except (ValueError, KeyError):
        return None
    except StoreError as error:
        if error.code != "blob-missing":
            raise
        return None


def _stitch(to: Services, job: Job, manifest: Manifest, timestamps: array[int]) -> dict[str, Any]:
    from reelbrush.media.stitch import stitch as stitch_media

    names = WorkNames(job.id)

    def open_segment(index: int) -> BinaryIO:
        return to.store.open(WORK, names.segment(manifest.generation, index))

    with scratch_folder(to.store) as scratch:
        made = stitch_media(
            lambda: to.store.open(job.source.container, job.source.name),
            manifest,
            timestamps,
            open_segment,
            scratch,
            on_progress=CancelWatch(to.store, job.id).check,
        )
        check_source(to.store, job)
        name = output_name(job.id, job.source.name, made.extension)
        to.store.put_file(OUTPUT, name, made.path, link=True)
    return {
        "blob": f"{OUTPUT}/{name}",
        "frameCount": made.frame_count,
        "sizeBytes": made.size,
        "sha256": made.sha256,
        "audioTracks": made.audio_tracks,
        "subtitleTracks": made.subtitle_tracks,
        "notes": [note[:200] for note in (*manifest.notes, *made.notes)][:20],
    }
