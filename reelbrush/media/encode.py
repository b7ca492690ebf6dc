"""Encodes one segment: RGB frames in, a closed piece of H.264 out, the same bytes on every run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reelbrush.job.manifest import EncodeSettings
from reelbrush.media.kernels import reproducible_kernels
from reelbrush.media.to_yuv import YuvConverter


class SegmentEncoder:
    """Writes one segment to `path` as an MP4 that plays alone; a context manager.

    The bytes depend on the frames and the settings only: one thread, no wall clock, no version of the muxer.
    All segments encoded with equal settings have equal parameter sets, so their packets can be concatenated.
    Leaving the block by an exception removes the file.
    """

    def __init__(self, path: Path, settings: EncodeSettings, title: str = "") -> None:
        """Open the encoder; `title` is written into the file, see `segment_title`.

        Raises ValueError when the settings name a codec other than libx264, a matrix that RGB cannot be
        converted to, or 4:2:0 for an odd size.
        """
        if settings.codec != "libx264":
            raise ValueError(f"segments are encoded with libx264, not {settings.codec}")
        if settings.pixel_format == "yuv420p" and (settings.width % 2 or settings.height % 2):
            raise ValueError(f"{settings.width}x{settings.height} is odd and needs yuv444p")
        self._path = path
        self._settings = settings
        self._convert = YuvConverter(settings)
        self._frames = 0
        self._container: OutputContainer | None = av.open(
            f"file:{path}", "w", format="mp4", container_options={"fflags": "+bitexact"}
        )
        if title:
            self._container.metadata["title"] = title
        self._stream = _add_stream(self._container, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        container, self._container = self._container, None
        if container is not None:
            with suppress(FFmpegError):  # the exception that ended the block says why
                container.close()
        self._path.unlink(missing_ok=True)

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Encode the next frame in display order: (height, width, 3) uint8, RGB, full range, upright.

        The array is not kept. Raises ValueError on any other shape or type, or after `close`.
        """
        if self._container is None:
            raise ValueError("the segment is closed")
        picture = self._convert.convert(frame)
        picture.pts = self._frames
        picture.time_base = self._settings.time_base
        self._frames += 1
        self._container.mux(self._stream.encode(picture))

    def close(self) -> int:
        """Finish the file and return the number of frames in it (>= 1); a second call does nothing more.

        Raises ValueError, leaving no file, when no frame was written.
        """
        container, self._container = self._container, None
        if container is None:
            return self._frames
        if self._frames == 0:
            container.close()
            self._path.unlink(missing_ok=True)
            raise ValueError("a segment needs at least one frame")
        container.mux(self._stream.encode(None))
        container.close()
        return self._frames


def _add_stream(container: OutputContainer, settings: EncodeSettings) -> VideoStream:
    stream = container.add_stream(
        "libx264",
        rate=1 / settings.time_base,
        options={
            "preset": settings.preset,
            "crf": str(settings.crf),
            # stitchable keeps content out of the parameter sets. Without B-frames packets come in display
            # order, so that MP4's sample durations are the frames' own even where the rate varies.
            "x264-params": f"stitchable=1:open-gop=0:bframes=0:keyint={settings.gop}"
            + reproducible_kernels(),
        },
    )
    context: VideoCodecContext = stream.codec_context
    context.width = settings.width
    context.height = settings.height
    context.pix_fmt = settings.pixel_format
    context.time_base = settings.time_base
    context.thread_count = settings.threads
    context.sample_aspect_ratio = settings.sample_aspect_ratio
    context.colorspace = settings.colour.matrix
    context.color_primaries = settings.colour.primaries
    context.color_trc = settings.colour.transfer
    context.color_range = ColorRange.JPEG if settings.colour.full_range else ColorRange.MPEG
    return stream
