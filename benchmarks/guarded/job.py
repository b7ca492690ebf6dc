"""A job of the product in a folder: a clip, its manifest, and a request for one run of all of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from contenders.clip import ffmpeg

from reelbrush.job import Batch, Job, Manifest, Media, Options, WorkNames, job_id, run_id, to_json
from reelbrush.job.names import INPUT, WORK
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video
from reelbrush.store import FolderStore


@dataclass(frozen=True)
class Prepared:
    """A job that is split and waits for its run."""

    store: FolderStore
    job: Job
    manifest: Manifest
    clip: Path
    run: str  # whose request is written


def make_clip(path: Path, frames: int, size: str) -> Path:
    """Write `frames` frames of a moving test picture with grain, 25 per second, with sound; return `path`."""
    picture = f"testsrc2=size={size}:rate=25,noise=alls=6:allf=t:all_seed=1"
    tone = f"sine=frequency=330:sample_rate=48000:duration={frames / 25}"
    ffmpeg(
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-frames:v", str(frames)),
        *("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "48"),
        *("-threads", "1", "-c:a", "aac", "-shortest", path),
    )
    return path


def prepare(folder: Path, clip: Path, style: str, precision: str) -> Prepared:
    """Put `clip` into a store in `folder` and split it, as the product does."""
    store = FolderStore(folder / "store")
    store.put_file(INPUT, clip.name, clip)
    source = store.stat(INPUT, clip.name)
    assert source is not None
    options = Options(precision=precision)
    job = Job(job_id(source, style, options), source, style, options)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    split = split_video(lambda: store.open(INPUT, clip.name), scratch, limits=Limits(), options=options)
    names = WorkNames(job.id)
    times = names.timestamps("guard")
    store.put_bytes(WORK, times, split.timestamps.tobytes())
    manifest = Manifest(
        job=job.id,
        generation="guard",
        media=Media(clip.name, split.ordinal, split.stream_index, split.media_colour),
        video=split.video,
        encode=split.encode,
        frame_count=len(split.timestamps),
        last_duration=split.last_duration,
        timestamps_blob=times,
        segments=split.segments,
        origin=split.origin,
        has_audio=split.has_audio,
    )
    store.put_bytes(WORK, names.manifest, json.dumps(to_json(manifest)).encode())
    run = run_id(job.id, 0, 1)
    batch = Batch(0, 0, len(split.segments), len(split.timestamps))
    request = {"job": to_json(job), "batch": to_json(batch), "attempt": 1}
    store.put_bytes(WORK, names.batch(run), json.dumps(request).encode())
    return Prepared(store, job, manifest, clip, run)
