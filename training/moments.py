"""Moments of a video, evenly spread over it: two consecutive frames each, read as scoring reads them."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from reelbrush.job.ids import Options
from reelbrush.job.manifest import Media
from reelbrush.media.container import path_opener
from reelbrush.media.decode import SegmentReader
from reelbrush.media.limits import Limits
from reelbrush.media.orient import orientation
from reelbrush.media.split import Split, split_video
from scoring.flicker import is_cut


class Moment(NamedTuple):
    """A frame and the one that follows it; None when that begins another shot, or there is none."""

    first: Image.Image
    second: Image.Image | None


def read_moments(video: Path, count: int, longest_side: int) -> list[Moment]:
    """At most `count` moments of a video, its frames upright RGB and no larger than `longest_side` px.

    Only what lies around the moments is decoded, whatever the video's length. Raises Refusal when it cannot
    be read, SourceDamaged when a promised frame does not decode.
    """
    with tempfile.TemporaryDirectory(prefix="reelbrush-") as scratch:
        split = split_video(path_opener(video), Path(scratch), limits=Limits(), options=Options())
        return list(_moments(video, split, count, longest_side))


def _moments(video: Path, split: Split, count: int, longest_side: int) -> Iterator[Moment]:
    media = Media(video.name, split.ordinal, split.stream_index, split.media_colour)
    size = orientation(split.video.display_matrix).size(split.video.width, split.video.height)
    chosen = _chosen(split, count)
    with SegmentReader(path_opener(split.intermediate or video), media, split.video, size) as reader:
        for segment in split.segments:
            wanted = chosen.get(segment.index)
            if not wanted:
                continue
            start = segment.first_frame
            frames = reader.frames(segment, split.timestamps[start : start + segment.frame_count])
            before: np.ndarray | None = None
            for offset, frame in enumerate(frames):
                if offset - 1 in wanted and before is not None:
                    second = None if is_cut(before, frame) else _small(frame, longest_side)
                    yield Moment(_small(before, longest_side), second)
                if segment.frame_count == 1:
                    yield Moment(_small(frame, longest_side), None)
                if offset > max(wanted):
                    break
                before = frame


def _chosen(split: Split, count: int) -> dict[int, set[int]]:
    """Offsets of the moments' first frames in each segment, by its index."""
    total = len(split.timestamps)
    frames = {(2 * index + 1) * total // (2 * count) for index in range(count)}
    starts = [segment.first_frame for segment in split.segments]
    chosen: defaultdict[int, set[int]] = defaultdict(set)
    for frame in frames:
        at = int(np.searchsorted(starts, frame, side="right")) - 1
        segment = split.segments[at]
        # A moment at the very end of a segment moves forward, so that its second frame is of the same one.
        chosen[segment.index].add(max(0, min(frame - segment.first_frame, segment.frame_count - 2)))
    return dict(chosen)


def _small(frame: np.ndarray, longest_side: int) -> Image.Image:
    picture = Image.fromarray(frame)
    picture.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return picture
