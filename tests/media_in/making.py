"""Makes sources with the wheel's ffmpeg, splits and reads them, and decodes them independently."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from reelbrush.job.manifest import Media, Segment
from reelbrush.job.options import Options
from reelbrush.media.container import Opener
from reelbrush.media.decode import SegmentReader
from reelbrush.media.limits import Limits
from reelbrush.media.split import Split, split_video
from tests.media import ffmpeg


def clip(path: Path, *codec: str, size: str = "64x48", rate: str = "25", seconds: float = 4.0) -> Path:
    """Write a test pattern with a running counter, encoded with the arguments in `codec`."""
    pattern = f"testsrc2=size={size}:rate={rate}:duration={seconds}"
    ffmpeg("-f", "lavfi", "-i", pattern, *codec, f"file:{path}")
    return path


def opener(path: Path) -> Opener:
    return lambda: path.open("rb")


def split(path: Path, *, careful: bool = False, hdr: str = "tonemap", limits: Limits | None = None) -> Split:
    scratch = path.parent / f"{path.name}.scratch"
    scratch.mkdir(exist_ok=True)
    return split_video(
        opener(path), scratch, limits=limits or Limits(), options=Options(hdr=hdr), careful=careful
    )


def reader(path: Path, made: Split) -> SegmentReader:
    """A reader of the source, or of the intermediate where the split made one."""
    media = Media("source", made.ordinal, made.stream_index, made.media_colour)
    return SegmentReader(
        opener(made.intermediate or path), media, made.video, (made.encode.width, made.encode.height)
    )


def times_of(made: Split, segment: Segment) -> list[int]:
    return list(made.timestamps[segment.first_frame : segment.first_frame + segment.frame_count])


def pictures(path: Path, made: Split, segments: Iterable[Segment] | None = None) -> list[np.ndarray]:
    """All pictures of `segments` (of the whole video without them), read in order by one reader."""
    with reader(path, made) as source:
        return [
            picture
            for segment in (made.segments if segments is None else segments)
            for picture in source.frames(segment, times_of(made, segment))
        ]


def fingerprint(frames: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(np.ascontiguousarray(frame))
    return digest.hexdigest()


def alone(path: Path, made: Split, segment: Segment) -> str:
    """The fingerprint of one segment read by a fresh reader."""
    with reader(path, made) as source:
        return fingerprint(source.frames(segment, times_of(made, segment)))


def decoded_times(path: Path) -> list[int]:
    """Timestamps of the frames that decoding the whole file from its beginning displays."""
    with av.open(str(path)) as container:
        hide = "mp4" in container.format.name
        times: list[int] = []
        for packet in container.demux(video=0):
            with contextlib.suppress(FFmpegError):
                times += [int(frame.pts or 0) for frame in packet.decode()]
        return [time for time in times if not (hide and time < 0)]
