"""The intermediate: a source that cannot be read by seeking, decoded once into a file that can.

FFV1 (every frame a key frame, lossless) in Matroska; frame i has timestamp i in 1/1000 s. Frames are of one
size and progressive; more than 8 bits are kept for HDR only, since styles see 8.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from reelbrush.errors import Refusal
from reelbrush.job.manifest import Colour, Video
from reelbrush.media.colour import RGB, SWSCALE_MATRIX, has_alpha, is_rgb
from reelbrush.media.container import Opener, hides_negative_times, opened
from reelbrush.media.index import Progress
from reelbrush.media.limits import Limits
from reelbrush.media.picture import ACCURATE
from reelbrush.media.repair import Timeline
from reelbrush.media.room import check_memory, check_room, full_disk_named
from reelbrush.media.stream import FrameStream, displayed

ORDINAL_TIME_BASE = Fraction(1, 1000)
PROGRESS_EVERY = 48  # frames
FEW_SLICES, FEW_SLICES_PIXELS = 4, 3840 * 2160
MANY_SLICES = 100  # FFV1 refuses large pictures in few slices
TELLING_FRAMES = 240  # after which the size of all frames is foreseen
# Codecs whose 4:2:0 chroma lies on the left luma column unless said otherwise; PyAV does not tell where.
_LEFT_SITED = frozenset({"h264", "hevc", "mpeg2video", "mpeg4", "libdav1d"})
_SUBSAMPLING = {(2, 2): "420", (2, 1): "422", (1, 1): "444", (4, 1): "411", (4, 4): "410", (1, 2): "440"}


@dataclass(frozen=True)
class Transcript:
    """What decoding everything found; `timestamps` are the source's ticks, strictly increasing."""

    timestamps: array[int]
    last_duration: int  # ticks
    colour: Colour  # of the intermediate's frames
    retimed: int  # frames whose time had to be changed
    failures: int  # packets that did not decode


def write_intermediate(
    open_source: Opener,
    video: Video,
    path: Path,
    *,
    limits: Limits,
    source_bytes: int,
    on_progress: Progress | None = None,
    frames_expected: int | None = None,
) -> Transcript:
    """Decode all of the source's video into `path`. Decoder errors are tolerated and counted.

    Raises Refusal `no-frames` when nothing decodes, `too-large` as soon as a budget is exceeded or where
    memory lacks, and ReelbrushError `disk-full`, leaving no file, when the frames do not fit.
    """
    check_room(path.parent)
    check_memory(video.width, video.height)
    pixel_format = storage_format(VideoFormat(video.pixel_format, video.width, video.height), video.hdr)
    timeline = Timeline(video.time_base, video.frame_rate)
    durations = [0]
    written = 0  # bytes
    with (
        full_disk_named(path),
        FrameStream(open_source, video.stream_index, threaded=True) as decoder,
        av.open(f"file:{path}", "w", format="matroska") as output,
    ):
        track = output.add_stream("ffv1", rate=1000)
        track.width, track.height, track.pix_fmt = video.width, video.height, pixel_format
        track.time_base = track.codec_context.time_base = ORDINAL_TIME_BASE
        slices = FEW_SLICES if video.width * video.height <= FEW_SLICES_PIXELS else MANY_SLICES
        track.options = {"level": "3", "g": "1", "slices": str(slices), "slicecrc": "1"}
        if video.codec in _LEFT_SITED:
            track.options["chroma_sample_location"] = "left"
        shown = _shown(decoder, _hides_negative(open_source), timeline, durations)
        plain = _conformed(shown, video, pixel_format)
        for number, frame in enumerate(_deinterlaced(plain, video) if video.interlaced else plain):
            limits.check_amount(number + 1, video.width, video.height, source_bytes)
            frame.pts, frame.time_base = number, ORDINAL_TIME_BASE
            packets = track.encode(frame)
            written += sum(packet.size for packet in packets)
            output.mux(packets)
            check_room(path.parent, _still_to_come(written, number + 1, frames_expected))
            if on_progress is not None and number % PROGRESS_EVERY == 0:
                on_progress(number, frames_expected)
        output.mux(track.encode(None))
        failures = decoder.failures
    if not len(timeline):
        raise Refusal("not one frame of the video decodes", code="no-frames", advice="check that it plays")
    last_duration = durations[0] or timeline.step
    return Transcript(timeline.times, last_duration, video.colour, timeline.changed, failures)


def storage_format(decoded: VideoFormat, keep_depth: bool) -> str:
    """Return FFV1's pixel format that holds `decoded` frames; with `keep_depth` also their bits beyond 8."""
    bits = max(part.bits for part in decoded.components)
    deep = keep_depth and bits > 8
    if is_rgb(decoded):
        if deep:
            return "gbrp16le"
        return "bgra" if has_alpha(decoded) else "bgr0"
    if decoded.name.startswith(("gray", "ya")):
        return "ya8" if has_alpha(decoded) else ("gray16le" if deep else "gray")
    ratio = (-(-64 // decoded.chroma_width(64)), -(-64 // decoded.chroma_height(64)))
    alpha = "a" if has_alpha(decoded) else ""
    depth = ("10le" if bits <= 10 else "16le") if deep else ""
    return f"yuv{alpha}{_SUBSAMPLING.get(ratio, '444')}p{depth}"


def _still_to_come(written: int, frames: int, expected: int | None) -> int:
    """Bytes that the other frames will take at least: half of what those so far lead to, once they tell."""
    if expected is None or frames < TELLING_FRAMES:
        return 0
    return max(0, expected - frames) * written // frames // 2


def _hides_negative(open_source: Opener) -> bool:
    with opened(open_source) as container:
        return hides_negative_times(container)


def _shown(
    decoder: FrameStream, hide_negative: bool, timeline: Timeline, last_duration: list[int]
) -> Iterator[VideoFrame]:
    """Yield the displayed frames, noting their times; `last_duration[0]` is the latest frame's, in ticks."""
    for time, frame in displayed(decoder.from_beginning(), hide_negative):
        timeline.add(time)
        last_duration[0] = int(frame.duration or 0)
        yield frame


def _conformed(frames: Iterator[VideoFrame], video: Video, pixel_format: str) -> Iterator[VideoFrame]:
    """Bring frames to one size and to the storage format, without touching range or matrix."""
    scaler = VideoReformatter()
    rgb = video.colour.matrix == RGB
    space = Colorspace.DEFAULT if rgb else SWSCALE_MATRIX[video.colour.matrix]
    span = ColorRange.JPEG if rgb or video.colour.full_range else ColorRange.MPEG
    for frame in frames:
        yield scaler.reformat(
            frame,
            width=video.width,
            height=video.height,
            format=pixel_format,
            src_colorspace=space,
            dst_colorspace=space,
            src_color_range=span,
            dst_color_range=span,
            interpolation=ACCURATE,
            threads=1,
        )


def _deinterlaced(frames: Iterator[VideoFrame], video: Video) -> Iterator[VideoFrame]:
    """One progressive frame per interlaced frame, in order; bwdif needs three columns and four rows."""
    if video.width < 3 or video.height < 4:
        yield from frames
        return
    graph: Graph | None = None
    for number, frame in enumerate(frames):
        if graph is None:
            graph = _bwdif(frame)
        frame.pts, frame.time_base = number, ORDINAL_TIME_BASE
        graph.vpush(frame)
        yield from _ready(graph)
    if graph is not None:
        graph.vpush(None)
        yield from _ready(graph)


def _ready(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (BlockingIOError, EOFError):
            return


def _bwdif(frame: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=ORDINAL_TIME_BASE
    )
    filtered = graph.add("bwdif", mode="send_frame", parity="auto", deint="interlaced")
    graph.link_nodes(source, filtered, graph.add("buffersink")).configure()
    return graph
