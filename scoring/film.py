"""The frames of a video file as upright pictures, one after the other: a source, or what was made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reelbrush.job.manifest import Video
from reelbrush.media.container import hides_negative_times, opened, path_opener
from reelbrush.media.orient import orientation
from reelbrush.media.picture import Developer
from reelbrush.media.probe import first_look, require_video
from reelbrush.media.stream import FrameStream, displayed
from scoring.flow import Picture


@dataclass(frozen=True)
class Film:
    """A video file that was looked at; `frames` decodes it anew on every call."""

    path: Path
    video: Video
    expected_frames: int | None  # as its header says, for progress only
    hides_negative_times: bool

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the upright pictures."""
        return orientation(self.video.display_matrix).size(self.video.width, self.video.height)

    def frames(self) -> Iterator[Picture]:
        """Yield every displayed frame in order, (H, W, 3) uint8 RGB, upright; one is held at a time.

        Frames that do not decode are left out.
        """
        video = self.video
        developer = Developer(video.colour, video.width, video.height, orientation(video.display_matrix))
        with FrameStream(path_opener(self.path), video.stream_index, threaded=True) as stream:
            for _, frame in displayed(stream.from_beginning(), self.hides_negative_times):
                yield developer.develop(frame)


def open_film(path: Path) -> Film:
    """Look at the video that players show of a file.

    Raises Refusal when there is none or it cannot be read, and OSError when the file cannot be opened.
    """
    opener = path_opener(path)
    with opened(opener) as container:
        stream = require_video(container)
        index, expected = stream.index, stream.frames or None
        hides = hides_negative_times(container)
    return Film(path, first_look(opener, index).video, expected, hides)
