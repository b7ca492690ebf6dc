"""RGB pictures to the encoder's YUV: the matrix and range of the settings, chroma where H.264 expects it."""

from __future__ import annotations

import av.filter
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from reelbrush.job.manifest import EncodeSettings
from reelbrush.media.colour import SWSCALE_MATRIX

# Without these flags swscale takes a fast path that drops every other chroma sample and rounds differently.
_EXACT = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP | Interpolation.BITEXACT
)


class YuvConverter:
    """Converts pictures of one size; not for two threads at once."""

    def __init__(self, settings: EncodeSettings) -> None:
        """Raises ValueError when RGB cannot be converted to the matrix of `settings`."""
        if settings.colour.matrix not in SWSCALE_MATRIX:
            raise ValueError(f"RGB cannot be encoded with matrix {settings.colour.matrix}")
        self._format = settings.pixel_format
        self._matrix = SWSCALE_MATRIX[settings.colour.matrix]
        self._range = ColorRange.JPEG if settings.colour.full_range else ColorRange.MPEG
        self._scaler = VideoReformatter()
        width, height = settings.width, settings.height
        self._rgb = _sited_left(width, height)
        plane = self._rgb.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * height].reshape(
            height, plane.line_size
        )
        self._pixels = rows[:, : width * 3].reshape(height, width, 3)

    def convert(self, picture: NDArray[np.uint8]) -> VideoFrame:
        """Return a new frame from (height, width, 3) uint8, RGB, full range; the GIL is free meanwhile.

        Raises ValueError on any other shape or type.
        """
        if picture.shape != self._pixels.shape or picture.dtype != np.uint8:
            raise ValueError(f"expected {self._pixels.shape} uint8, got {picture.shape} {picture.dtype}")
        np.copyto(self._pixels, picture)
        return self._scaler.reformat(
            self._rgb,
            format=self._format,
            src_color_range=ColorRange.JPEG,
            dst_color_range=self._range,
            dst_colorspace=self._matrix,
            interpolation=_EXACT,
            threads=1,
        )


def _sited_left(width: int, height: int) -> VideoFrame:
    """Return an RGB frame whose 4:2:0 descendants have their chroma sited left, as untagged H.264 is shown.

    A frame made from an array says nothing about siting, and swscale then shifts chroma by half a sample;
    only a filter can set the property.
    """
    graph = av.filter.Graph()
    source = graph.add("buffer", f"video_size={width}x{height}:pix_fmt=rgb24:time_base=1/1")
    setting = graph.add("setparams", "chroma_location=left")
    sink = graph.add("buffersink")
    source.link_to(setting)
    setting.link_to(sink)
    graph.configure()
    frame = VideoFrame(width, height, "rgb24")
    frame.pts = 0
    source.push(frame)
    sited = sink.pull()
    assert isinstance(sited, VideoFrame)
    return sited
