"""From decoded frames to upright RGB pictures, accurate to one level of 255."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from reelbrush.job.manifest import Colour
from reelbrush.media.colour import HLG, PQ, RGB, SWSCALE_MATRIX, has_alpha, is_rgb
from reelbrush.media.orient import Orientation
from reelbrush.media.tonemap import ToneMapper

# Without these flags swscale takes a fast path that is up to four levels off.
ACCURATE = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class Developer:
    """Turns decoded frames of one stream into pictures (H, W, 3) uint8, RGB full range, upright, of one size.

    Frames of another size are scaled to `width` x `height` (decoded pixels, before turning upright). Alpha is
    composited on black. PQ and HLG are tone-mapped to BT.709. Not for use by two threads at once.
    """

    def __init__(self, colour: Colour, width: int, height: int, orientation: Orientation) -> None:
        self._colour = colour
        self._width, self._height = width, height
        self._orientation = orientation
        self._scaler = VideoReformatter()
        self._tone_mapper = ToneMapper(colour.transfer) if colour.transfer in (PQ, HLG) else None
        self._gray_levels: dict[int, np.ndarray] = {}

    def develop(self, frame: VideoFrame) -> np.ndarray:
        """Return the picture of one decoded frame; the GIL is free during conversion."""
        if frame.format.name.startswith(("gray", "ya")):
            picture = self._gray(frame)
        elif self._tone_mapper is not None:
            picture = self._tone_mapper.map(self._convert(frame, "gbrp16le"))
        elif has_alpha(frame.format):
            picture = on_black(self._convert(frame, "rgba").to_ndarray())
        else:
            picture = self._convert(frame, "rgb24").to_ndarray()
        return self._orientation.apply(picture)

    def _convert(self, frame: VideoFrame, pixel_format: str) -> VideoFrame:
        rgb = is_rgb(frame.format) or self._colour.matrix == RGB
        full = self._colour.full_range or rgb
        return self._scaler.reformat(
            frame,
            width=self._width,
            height=self._height,
            format=pixel_format,
            src_colorspace=Colorspace.DEFAULT if rgb else SWSCALE_MATRIX[self._colour.matrix],
            dst_colorspace=Colorspace.DEFAULT,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=ACCURATE,
            threads=1,
        )

    def _gray(self, frame: VideoFrame) -> np.ndarray:
        """Gray is expanded here because swscale takes every gray format for full range."""
        bits = frame.format.components[0].bits
        if (frame.width, frame.height) != (self._width, self._height):
            frame = self._scaler.reformat(
                frame, width=self._width, height=self._height, interpolation=ACCURATE
            )
        plane = frame.planes[0]
        step = frame.format.padded_bits_per_pixel // 8
        rows = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * self._height].reshape(
            self._height, plane.line_size
        )
        rows = rows[:, : self._width * step]
        if frame.format.name.startswith("ya"):
            half = step // 2
            pairs = rows.reshape(self._height, self._width, 2, half)
            luma, alpha = _words(pairs[:, :, 0]), _words(pairs[:, :, 1])
            levels = self._levels(bits)[luma]
            levels = ((levels.astype(np.uint32) * alpha + (1 << bits) // 2) // ((1 << bits) - 1)).astype(
                np.uint8
            )
        else:
            levels = self._levels(bits)[_words(rows.reshape(self._height, self._width, step))]
        return np.repeat(levels[:, :, None], 3, axis=2)

    def _levels(self, bits: int) -> np.ndarray:
        """Return the display level 0..255 of every code value."""
        if bits not in self._gray_levels:
            values = np.arange(1 << bits, dtype=np.float64)
            scale = (1 << bits) / 256
            if self._colour.full_range:
                levels = values * 255 / ((1 << bits) - 1)
            else:
                levels = (values / scale - 16) * 255 / 219
            self._gray_levels[bits] = np.rint(levels.clip(0, 255)).astype(np.uint8)
        return self._gray_levels[bits]


def on_black(rgba: np.ndarray) -> np.ndarray:
    """Composite straight-alpha pixels (H, W, 4) uint8 on black; return (H, W, 3) uint8."""
    alpha = rgba[..., 3]
    if bool((alpha == 255).all()):
        return np.ascontiguousarray(rgba[..., :3])
    product = rgba[..., :3].astype(np.uint16) * alpha[..., None] + 127
    return (product // 255).astype(np.uint8)


def _words(parts: np.ndarray) -> np.ndarray:
    """Join the little-endian bytes of the last axis (1 or 2 of them) to code values."""
    return parts[..., 0] if parts.shape[-1] == 1 else np.ascontiguousarray(parts).view("<u2")[..., 0]
