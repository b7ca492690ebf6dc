"""A clip, split as the product splits it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from contenders.clip import ffmpeg
from numpy.typing import NDArray

from reelbrush.job import Manifest, Media, Options
from reelbrush.media.container import Opener, path_opener
from reelbrush.media.decode import SegmentReader
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video


@dataclass(frozen=True)
class Film:
    """A clip and its manifest."""

    opener: Opener
    manifest: Manifest
    timestamps: array[int]

    def reader(self) -> SegmentReader:
        """Return what decodes its segments."""
        encode = self.manifest.encode
        return SegmentReader(
            self.opener, self.manifest.media, self.manifest.video, (encode.width, encode.height)
        )

    def frames(self, reader: SegmentReader) -> Iterator[NDArray[np.uint8]]:
        """Yield all pictures (H, W, 3) uint8, RGB."""
        for segment in self.manifest.segments:
            first = segment.first_frame
            yield from reader.frames(segment, self.timestamps[first : first + segment.frame_count])


def split_film(path: Path, scratch: Path) -> Film:
    """Split the video at `path`."""
    opener = path_opener(path)
    split = split_video(opener, scratch, limits=Limits(), options=Options())
    manifest = Manifest(
        job="benchmark-0000000000",
        generation="first",
        media=Media("clip", split.ordinal, split.stream_index, split.media_colour),
        video=split.video,
        encode=split.encode,
        frame_count=len(split.timestamps),
        last_duration=split.last_duration,
        timestamps_blob="timestamps.bin",
        segments=split.segments,
        origin=split.origin,
    )
    return Film(opener, manifest, split.timestamps)


def repeated(clip: Path, times: int, path: Path) -> Path:
    """Write `clip` `times` times behind itself, packets copied, to `path`; return `path`."""
    ffmpeg("-stream_loop", str(times - 1), "-i", clip, "-c", "copy", path)
    return path
