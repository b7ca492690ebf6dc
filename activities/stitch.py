"""Stitch: check the ledger, join the segments, put the other tracks back, verify, publish."""

from __future__ import annotations

import asyncio
import hashlib
import io
from array import array
from typing import Any, cast

import azure.durable_functions as df

from activities.marks import CancelWatch, JobCanceled, is_canceled
from activities.proven_manifest import proven_manifest
from activities.proven_segments import ProvenSegments, UnprovenSegment
from activities.reading import read_each
from activities.services import (
    Services,
    check_source,
    error_result,
    read_page,
    scratch_folder,
    services,
)
from activities.traced import traced
from reelbrush.errors import ReelbrushError, StitchError, StoreError
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
from reelbrush.store import DAMAGED

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
        manifest, timestamps = proven_manifest(to.store, job)
        pages = proven_pages(to, manifest, timestamps)
        result = _stitch(to, job, manifest, timestamps, pages) if pages else None
        if result is None:
            missing = unproven(to, manifest, timestamps)
            if not missing:  # it was published again since
                raise StoreError("a segment was not whole when it was read")
            return {"missing": ranges(missing)[:REPORTED]}
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


def proven_pages(to: Services, manifest: Manifest, timestamps: array[int]) -> dict[int, LedgerPage]:
    """Return all pages by segment, whose files nobody has read yet; {} unless each is there and fits, and all
    name the same version of the style.
    """
    pages = read_each(lambda segment: _page(to, manifest, segment, timestamps), manifest.segments)
    fitting = {page.segment: page for page in pages if page is not None}
    one_model = len({page.versions.get("model", "") for page in fitting.values()}) == 1
    return fitting if one_model and len(fitting) == len(manifest.segments) else {}


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


def _page(to: Services, manifest: Manifest, segment: Segment, timestamps: array[int]) -> LedgerPage | None:
    """Return a segment's page where it proves that the right frames were painted."""
    try:
        page = read_page(to.store, manifest.job, manifest.generation, segment.index)
        first, count = segment.first_frame, segment.frame_count
        times = timestamps_hash(timestamps[first : first + count])
        fits = (page.segment, page.frame_count, page.timestamps_sha256) == (segment.index, count, times)
        place = page.place in ("", f"{manifest.job}/{manifest.generation}")
        return page if fits and place else None
    except StoreError as error:
        if error.code not in ("blob-missing", DAMAGED):
            raise
        return None


def _proof(to: Services, manifest: Manifest, segment: Segment, timestamps: array[int]) -> LedgerPage | None:
    """Return a segment's page where its file has the hash that it tells, too."""
    page = _page(to, manifest, segment, timestamps)
    if page is None:
        return None
    try:
        with to.store.open(
            WORK, WorkNames(manifest.job).segment(manifest.generation, segment.index)
        ) as reader:
            digest = hashlib.file_digest(cast("io.BufferedReader", reader), "sha256").hexdigest()
    except StoreError as error:
        if error.code != "blob-missing":
            raise
        return None
    return page if digest == page.sha256 else None


def _stitch(
    to: Services, job: Job, manifest: Manifest, timestamps: array[int], pages: dict[int, LedgerPage]
) -> dict[str, Any] | None:
    """Return the result; None, with nothing published, when a segment is not what its page proves."""
    from reelbrush.media.concat import WrongSegment
    from reelbrush.media.stitch import stitch as stitch_media

    with scratch_folder(to.store) as scratch:
        try:
            with ProvenSegments(to.store, manifest, pages, scratch) as segments:
                made = stitch_media(
                    lambda: to.store.open(job.source.container, job.source.name),
                    manifest,
                    timestamps,
                    segments.open,
                    scratch,
                    on_progress=CancelWatch(to.store, job.id).check,
                )
        except UnprovenSegment:
            return None
        except WrongSegment as error:  # its bytes are those of its page, but not what was wanted
            to.store.delete(WORK, WorkNames(job.id).page(manifest.generation, error.segment))
            return None
        _check_packets(pages, made.segments)
        check_source(to.store, job)
        name = output_name(job.id, job.source.name, made.extension)
        to.store.put_file(OUTPUT, name, made.path, link=True)
        put = to.store.stat(OUTPUT, name)
        if put is None or put.size != made.size:
            to.store.delete(OUTPUT, name)
            raise StoreError(f"{OUTPUT}/{name} does not hold the {made.size} bytes that were put there")
    return {
        "blob": f"{OUTPUT}/{name}",
        "frameCount": made.frame_count,
        "sizeBytes": made.size,
        "sha256": made.sha256,
        "audioTracks": made.audio_tracks,
        "subtitleTracks": made.subtitle_tracks,
        "notes": [note[:200] for note in (*manifest.notes, *made.notes)][:20],
    }


def _check_packets(pages: dict[int, LedgerPage], found: tuple[str, ...]) -> None:
    """Raise StitchError unless the output holds, segment by segment, the packets that were painted."""
    if len(found) != len(pages):
        raise StitchError(f"the output holds {len(found)} segments instead of {len(pages)}")
    for index, packets in enumerate(found):
        if pages[index].packets not in ("", packets):  # older pages do not tell
            raise StitchError(f"segment {index} of the output is not the one that was painted")
