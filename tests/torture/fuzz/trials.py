"""What is done with a hostile file, inside the worker: the product's own way from upload to output."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from array import array
from collections.abc import Callable
from pathlib import Path

from reelbrush.errors import ReelbrushError, Refusal, SourceDamaged
from reelbrush.job.manifest import Manifest, Media
from reelbrush.job.options import Options
from reelbrush.media.container import path_opener
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.glance import glance
from reelbrush.media.limits import Limits
from reelbrush.media.split import Split, split_video
from reelbrush.media.stitch import stitch

PAINTED_PIXELS = 30_000_000  # of all frames; of larger videos the first frames are decoded alone


def film(path: str) -> str:
    """Split, paint with the identity, stitch and verify; as the product does, carefully the second time."""
    source = Path(path)
    with contextlib.suppress(Refusal):
        glance(path_opener(source))
    scratch = Path(tempfile.mkdtemp(dir=source.parent))
    try:
        for careful in (False, True):
            try:
                return _painted(source, scratch, careful)
            except SourceDamaged:
                if careful:
                    raise
        return "never"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _painted(source: Path, scratch: Path, careful: bool) -> str:
    made = split_video(path_opener(source), scratch, limits=Limits(), options=Options(), careful=careful)
    assert len(made.timestamps) == sum(segment.frame_count for segment in made.segments)
    whole = len(made.timestamps) * made.video.width * made.video.height <= PAINTED_PIXELS
    media = Media("source", made.ordinal, made.stream_index, made.media_colour)
    size = (made.encode.width, made.encode.height)
    with SegmentReader(path_opener(made.intermediate or source), media, made.video, size) as reader:
        for segment in made.segments:
            times = made.timestamps[segment.first_frame : segment.first_frame + segment.frame_count]
            frames = reader.frames(segment, times)
            if not whole:
                next(frames)
                return "large"
            with SegmentEncoder(scratch / f"{segment.index:05d}.mp4", made.encode) as encoder:
                for frame in frames:
                    encoder.write(frame)
    stitched = stitch(
        path_opener(source),
        _manifest(made, media),
        array("q", made.timestamps),
        lambda index: (scratch / f"{index:05d}.mp4").open("rb"),
        scratch,
    )
    assert stitched.frame_count == len(made.timestamps)
    return "finished carefully" if careful else "finished"


def _manifest(made: Split, media: Media) -> Manifest:
    return Manifest(
        job="job",
        generation="g",
        media=media,
        video=made.video,
        encode=made.encode,
        frame_count=len(made.timestamps),
        last_duration=made.last_duration,
        timestamps_blob="t",
        segments=made.segments,
        notes=made.notes,
        origin=made.origin,
        has_audio=made.has_audio,
    )


def style(path: str) -> str:
    """Check a model as `check-style` does."""
    from scoring.check.examine import check_model

    verdict = check_model(Path(path).read_bytes())
    assert verdict.accepted or (verdict.reason.strip() and verdict.fix.strip())
    verdict.document()
    return "accepted" if verdict.accepted else f"refused {verdict.code}"


def misbehave(how: str) -> str:
    """Do what must be noticed: "raise", "abort", "hang", "fill" (memory) or "mumble" (no reason)."""
    if how == "raise":
        raise KeyError("nobody foresaw this")
    if how == "abort":
        os.abort()
    while how == "hang":
        pass
    if how == "mumble":
        raise ReelbrushError("")
    return str(len(bytearray(os.urandom(1)) * (400 << 20)))


TRIALS: dict[str, Callable[..., str]] = {"film": film, "style": style, "misbehave": misbehave}
