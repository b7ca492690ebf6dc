"""Split: probe the source, lay the grid of segments, write the manifest last, plan the batches."""

from __future__ import annotations

import asyncio
import hashlib
import json
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from activities.marks import CancelWatch, JobCanceled, is_canceled
from activities.proven_manifest import proven_manifest
from activities.services import (
    Services,
    check_source,
    error_result,
    scratch_folder,
    services,
    source_limits,
    styles_folder,
)
from activities.traced import traced
from reelbrush.catalogue import list_cards
from reelbrush.errors import ReelbrushError, Refusal, StoreError, StyleError
from reelbrush.job import (
    Job,
    Manifest,
    Media,
    WorkNames,
    from_json,
    option_problems,
    plan_batches,
    timestamps_hash,
    to_json,
)
from reelbrush.job.names import WORK
from reelbrush.job.seal import sealed
from reelbrush.store import DAMAGED
from reelbrush.style_shelf import shelved_styles

if TYPE_CHECKING:
    from reelbrush.media.split import Split

bp = df.Blueprint()

_CAREFUL = "careful-"  # begins the generation of manifests made by decoding everything


@bp.activity_trigger(input_name="request", activity="split_video")
@traced("split_video")
async def split_video(request: dict) -> dict:  # type: ignore[type-arg]  # the worker refuses dict[...] here
    """Return {"frames", "input", "batches"?}, {"error"} or {"canceled"}.

    Request: {"job", "careful", "plan"?: false for jobs whose batches another step plans}.
    """
    job, careful = from_json(Job, request["job"]), bool(request["careful"])
    return await asyncio.to_thread(split, services(), job, careful, bool(request.get("plan", True)))


def split(to: Services, job: Job, careful: bool, planned: bool = True) -> dict[str, Any]:
    """Split a job's source, unless an earlier call already did; see `split_video` for the answer."""
    if is_canceled(to.store, job.id):
        return {"canceled": True}
    try:
        manifest = _existing(to, job, careful) or _split(to, job, careful)
    except JobCanceled:
        return {"canceled": True}
    except ReelbrushError as error:
        return error_result(error)
    answer = {"frames": manifest.frame_count, "input": _input(to, manifest)}
    if not planned:
        return answer
    batches = plan_batches(
        [segment.frame_count for segment in manifest.segments],
        to.settings.nodes,
        to.settings.batch_frames or None,
    )
    rows = [[b.index, b.first_segment, b.segment_count, b.frame_count] for b in batches]
    return {**answer, "batches": rows}


def _input(to: Services, manifest: Manifest) -> dict[str, Any]:
    """What is shown of the source while the job runs."""
    video = manifest.video
    shown: dict[str, Any] = {
        "width": video.width,
        "height": video.height,
        "frameRate": str(video.frame_rate),
        "codec": video.codec,
        "segments": len(manifest.segments),
        "durationSeconds": round(float(_ticks_shown(to, manifest) * video.time_base), 3),
    }
    return shown if manifest.has_audio is None else {**shown, "hasAudio": manifest.has_audio}


def _ticks_shown(to: Services, manifest: Manifest) -> int:
    """From the first frame's time to the end of the last one."""
    size, last = array("q").itemsize, manifest.frame_count - 1
    ends = array("q")
    for index in (0, last):
        ends.frombytes(to.store.read_range(WORK, manifest.timestamps_blob, index * size, size))
    return ends[1] - ends[0] + manifest.last_duration


def _existing(to: Services, job: Job, careful: bool) -> Manifest | None:
    """Return the manifest that an earlier split wrote; one that cannot be used any more is written again."""
    if to.store.stat(WORK, WorkNames(job.id).manifest) is None:
        return None
    try:
        manifest, _ = proven_manifest(to.store, job)
    except StoreError as error:
        if error.code not in ("blob-missing", DAMAGED):
            raise
        return None
    return manifest if manifest.generation.startswith(_CAREFUL) or not careful else None


def _split(to: Services, job: Job, careful: bool) -> Manifest:
    from reelbrush.media.split import split_video as split_media
    from reelbrush.media.trial import try_opening

    source = job.source
    problems = option_problems(job.options)
    if problems:
        raise Refusal(f"the job's options cannot be used: {'; '.join(problems)}", code="options")
    _check_styles(to, job)
    check_source(to.store, job)
    if source.size == 0:
        raise Refusal("the file is empty (0 bytes)", code="empty", advice="upload the video again")
    limits = source_limits(to.settings)
    try_opening(lambda: to.store.open(source.container, source.name), limits)
    watch = CancelWatch(to.store, job.id)
    with scratch_folder(to.store) as scratch:
        found = split_media(
            lambda: to.store.open(source.container, source.name),
            scratch,
            limits=limits,
            options=job.options,
            careful=careful,
            on_progress=watch.check,
        )
        check_source(to.store, job)
        return _publish(to, job, careful, found)


def _check_styles(to: Services, job: Job) -> None:
    """Raise StyleError for a style that no run will find, before a node is started for it."""
    wanted = [name for name in (job.style, job.options.mix) if name]
    folder = styles_folder(to.settings)
    known = [line.name for line in list_cards(folder)] if folder.is_dir() else ["identity"]
    if to.settings.backend == "local":  # its processes read the folder alone
        if not folder.is_dir():
            return
    elif not all(name in known for name in wanted):
        known = sorted({*known, *shelved_styles(to.store)})
    for name in wanted:
        if name not in known:
            raise StyleError(f"there is no style {name[:64]!r}", advice=f"known styles: {', '.join(known)}")


def _publish(to: Services, job: Job, careful: bool, found: Split) -> Manifest:
    names = WorkNames(job.id)
    times = found.timestamps.tobytes()
    content = json.dumps(
        [to_json(found.video), to_json(found.encode), to_json(found.segments), found.ordinal], sort_keys=True
    )
    digest = hashlib.sha256(content.encode() + times).hexdigest()[:10]
    generation = (_CAREFUL if careful else "index-") + digest
    media_blob = job.source.name
    if found.intermediate is not None:
        media_blob = names.intermediate(generation)
        to.store.put_file(WORK, media_blob, Path(found.intermediate), link=True)
    to.store.put_bytes(WORK, names.timestamps(generation), times)
    manifest = Manifest(
        job=job.id,
        generation=generation,
        media=Media(media_blob, found.ordinal, found.stream_index, found.media_colour),
        video=found.video,
        encode=found.encode,
        frame_count=len(found.timestamps),
        last_duration=found.last_duration,
        timestamps_blob=names.timestamps(generation),
        segments=found.segments,
        notes=found.notes,
        origin=found.origin,
        has_audio=found.has_audio,
        timestamps_sha256=timestamps_hash(found.timestamps),
    )
    later = _existing(to, job, careful=True)
    if later is not None and not careful:
        return later  # a delayed duplicate of the first split must not undo the careful one
    to.store.put_bytes(WORK, names.manifest, json.dumps(sealed(to_json(manifest))).encode())
    return manifest
