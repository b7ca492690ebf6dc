"""Real jobs in a folder store: a clip made on the spot, split by the product, with a run request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from reelbrush.job import (
    Batch,
    BatchProgress,
    Job,
    Manifest,
    Media,
    Options,
    Segment,
    WorkNames,
    from_json,
    job_id,
    run_id,
    to_json,
)
from reelbrush.job.names import INPUT, WORK
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video
from reelbrush.store import FolderStore


def make_clip(path: Path, frames: int, width: int = 64, height: int = 48, gop: int = 12) -> None:
    """Write `frames` frames of a moving gradient with B-frames and a key frame every `gop` frames, 25 fps."""
    rows, columns = np.mgrid[0:height, 0:width]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"g": str(gop), "keyint_min": str(gop), "sc_threshold": "0", "preset": "veryfast"}
        for number in range(frames):
            picture = np.stack([rows * 4 + number, columns * 3 - number, rows + columns + number * 5], -1)
            frame = av.VideoFrame.from_ndarray((picture % 256).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@dataclass(frozen=True)
class PreparedJob:
    """A job whose manifest is written; runs are requested by `request`."""

    store: FolderStore
    job: Job
    manifest: Manifest

    @property
    def names(self) -> WorkNames:
        return WorkNames(self.job.id)

    def request(self, batch: Batch | None = None, attempt: int = 1) -> str:
        """Write a run request (default: one batch of everything) and return the run id."""
        batch = batch or Batch(0, 0, len(self.manifest.segments), self.manifest.frame_count)
        run = run_id(self.job.id, batch.index, attempt)
        document = {"job": to_json(self.job), "batch": to_json(batch), "attempt": attempt}
        self.store.put_bytes(WORK, self.names.batch(run), json.dumps(document).encode())
        return run

    def result(self, run: str) -> BatchProgress:
        return from_json(BatchProgress, json.loads(self.store.read_bytes(WORK, self.names.result(run))))

    def segment_path(self, index: int) -> Path:
        return self.store.path(WORK, self.names.segment(self.manifest.generation, index))

    def page_path(self, index: int) -> Path:
        return self.store.path(WORK, self.names.page(self.manifest.generation, index))

    def page_hashes(self) -> list[str | None]:
        """The sha256 that each segment's page states, None where there is no page."""
        pages = [self.page_path(segment.index) for segment in self.manifest.segments]
        return [json.loads(page.read_text())["sha256"] if page.exists() else None for page in pages]


def prepare(
    folder: Path,
    clip: Path,
    style: str = "identity",
    segment_frames: int | None = 12,
    options: Options | None = None,
) -> PreparedJob:
    """Put `clip` into a new store below `folder`, split it, and write the manifest.

    With `segment_frames` the grid is replaced by one of that many frames per segment, so that short clips
    have several; the clip has to have a key frame at each border.
    """
    store = FolderStore(folder / "store")
    store.put_file(INPUT, clip.name, clip)
    source = store.stat(INPUT, clip.name)
    assert source is not None
    options = options or Options()
    job = Job(job_id(source, style, options), source, style, options)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    split = split_video(lambda: store.open(INPUT, clip.name), scratch, limits=Limits(), options=job.options)
    segments = split.segments
    if segment_frames is not None:
        assert not split.ordinal
        starts = range(0, len(split.timestamps), segment_frames)
        segments = tuple(
            Segment(
                index,
                start,
                min(segment_frames, len(split.timestamps) - start),
                split.timestamps[start] if start else None,
            )
            for index, start in enumerate(starts)
        )
    names = WorkNames(job.id)
    times = names.timestamps("index")
    store.put_bytes(WORK, times, split.timestamps.tobytes())
    manifest = Manifest(
        job=job.id,
        generation="index",
        media=Media(clip.name, split.ordinal, split.stream_index, split.media_colour),
        video=split.video,
        encode=split.encode,
        frame_count=len(split.timestamps),
        last_duration=split.last_duration,
        timestamps_blob=times,
        segments=segments,
    )
    store.put_bytes(WORK, names.manifest, json.dumps(to_json(manifest)).encode())
    return PreparedJob(store, job, manifest)
