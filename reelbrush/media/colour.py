"""Colour descriptions: what to decode with, and what to tag the output with (ITU-T H.273 code points)."""

from __future__ import annotations

from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from reelbrush.job.manifest import Colour

UNSPECIFIED = 2
RGB, BT709, FCC, BT470BG, SMPTE170M, SMPTE240M, BT2020, BT2020_CONSTANT = 0, 1, 4, 5, 6, 7, 9, 10
PQ, HLG = 16, 18  # transfer characteristics of high dynamic range
_FULL_RANGE = 2  # FFmpeg's AVCOL_RANGE_JPEG

SWSCALE_MATRIX = {
    BT709: Colorspace.ITU709,
    FCC: Colorspace.FCC,
    BT470BG: Colorspace.ITU601,
    SMPTE170M: Colorspace.ITU601,
    SMPTE240M: Colorspace.SMPTE240M,
    BT2020: Colorspace.BT2020,
    BT2020_CONSTANT: Colorspace.BT2020,
}
# matrix -> (primaries, transfer) of the same standard, for streams that leave them open
_USUAL = {
    BT709: (1, 1),
    FCC: (4, 4),
    BT470BG: (5, 6),
    SMPTE170M: (6, 6),
    SMPTE240M: (7, 7),
    BT2020: (9, 14),
    BT2020_CONSTANT: (9, 14),
}
_KNOWN_PRIMARIES = frozenset({1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22})
_KNOWN_TRANSFERS = frozenset({1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18})


def usual_matrix(width: int, height: int) -> int:
    """The matrix of untagged video: BT.709 from 1280 columns or 720 rows, else SMPTE 170M (BT.601)."""
    return BT709 if width >= 1280 or height >= 720 else SMPTE170M


def is_rgb(pixel_format: VideoFormat) -> bool:
    """Whether pixels are stored as red, green, blue or through a palette of them."""
    return pixel_format.is_rgb or pixel_format.has_palette


def has_alpha(pixel_format: VideoFormat) -> bool:
    """Whether pixels carry transparency."""
    return pixel_format.has_palette or any(part.is_alpha for part in pixel_format.components)


def decoded_colour(frame: VideoFrame, stream: VideoStream) -> Colour:
    """Return the colour of a frame: its own tags, else the stream's, else the usual ones for its size."""
    codec = stream.codec_context

    def tag(own: int, of_stream: int) -> int:
        return int(own) if int(own) != UNSPECIFIED else int(of_stream)

    matrix = tag(frame.colorspace, codec.colorspace)
    primaries = tag(frame.color_primaries, codec.color_primaries)
    transfer = tag(frame.color_trc, codec.color_trc)
    range_tag = int(frame.color_range) or int(codec.color_range)
    full = frame.format.name.startswith("yuvj") or range_tag == _FULL_RANGE
    if is_rgb(frame.format):
        matrix, full = RGB, True
    elif matrix not in SWSCALE_MATRIX:
        # identity tagged 4:4:4 that does not decode as RGB was written by tools that mean BT.709
        matrix = BT709 if matrix == RGB else usual_matrix(frame.width, frame.height)
    usual = _USUAL[matrix if matrix != RGB else usual_matrix(frame.width, frame.height)]
    if primaries not in _KNOWN_PRIMARIES:
        primaries = usual[0]
    if transfer not in _KNOWN_TRANSFERS:
        transfer = usual[1]
    return Colour(matrix, primaries, transfer, full)


def is_untagged(frame: VideoFrame, stream: VideoStream) -> bool:
    """Whether neither the frame nor the stream says how its luma and chroma make red, green and blue."""
    tags = (int(frame.colorspace), int(stream.codec_context.colorspace))
    return not is_rgb(frame.format) and all(tag == UNSPECIFIED for tag in tags)


def output_colour(decoded: Colour, width: int, height: int) -> Colour:
    """Return the tags of the output for pixels decoded as `decoded`; always limited range and never HDR.

    Standard range keeps its matrix, primaries and transfer; RGB gets the usual matrix of `width` x `height`
    (decoded pixels); HDR becomes BT.709, as which it is tone-mapped.
    """
    if decoded.transfer in (PQ, HLG):
        return Colour(BT709, BT709, BT709, False)
    matrix = usual_matrix(width, height) if decoded.matrix == RGB else decoded.matrix
    if matrix == BT2020_CONSTANT:
        matrix = BT2020  # the pixels are converted with the non-constant matrix
    return Colour(matrix, decoded.primaries, decoded.transfer, False)
