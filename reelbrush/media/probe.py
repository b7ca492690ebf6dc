"""The first look at a source: which stream, what its frames are like, and what is refused at once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from reelbrush.errors import Refusal
from reelbrush.job.manifest import Video
from reelbrush.media.colour import HLG, PQ, decoded_colour, has_alpha, is_untagged
from reelbrush.media.container import Opener, encrypted, hides_negative_times, main_video
from reelbrush.media.orient import display_matrix
from reelbrush.media.stream import FrameStream, displayed

LOOK_FRAMES = 72  # decoded at most; as many as the longest segment has
LOOK_PIXELS = 300_000_000  # decoded at most in all, so that huge pictures are judged in seconds too
_SINGLE_PICTURE_FORMATS = ("gif", "apng")


@dataclass(frozen=True)
class FirstLook:
    """The stream as its first frames show it; `times` are the displayed ones' timestamps, in order."""

    video: Video
    times: tuple[int | None, ...]
    sizes: frozenset[tuple[int, int]]
    whole: bool  # `times` holds every frame of the source
    damaged: bool  # some of them decode with errors
    untagged: bool  # the matrix had to be guessed


def require_video(container: InputContainer) -> VideoStream:
    """Return the stream to repaint.

    Raises Refusal `no-video` (sound, cover art or text only), `encrypted`, or `unsupported` (no decoder).
    """
    stream = main_video(container)
    if stream is None:
        what = "sound" if container.streams.audio else "nothing that moves"
        raise Refusal(
            f"the file has no video: it holds {what}", code="no-video", advice="upload a video file"
        )
    codec = cast(VideoCodecContext | None, stream.codec_context)
    if stream.metadata.get("encryption") or (codec is not None and codec.codec_tag in ("encv", "drmi")):
        raise encrypted()
    if codec is None:
        raise Refusal(
            "there is no decoder for the video's codec",
            code="unsupported",
            advice="convert it to H.264 or another common codec",
        )
    return stream


def refuse_single_picture(container: InputContainer, packets: int) -> None:
    """Raise Refusal `image` for a picture in a format that can also hold an animation."""
    if packets == 1 and container.format.name in _SINGLE_PICTURE_FORMATS:
        raise Refusal("the file is a single picture, not a video", code="image", advice="upload a video file")


def first_look(open_source: Opener, stream_index: int) -> FirstLook:
    """Decode the first frames of a stream. Raises Refusal `no-frames` when none decodes."""
    times: list[int | None] = []
    sizes: set[tuple[int, int]] = set()
    interlaced, damaged, whole = 0, 0, True
    first: VideoFrame | None = None
    with FrameStream(open_source, stream_index, threaded=True) as decoder:
        container, stream = decoder.opened()
        for time, frame in displayed(decoder.from_beginning(), hides_negative_times(container)):
            if len(times) >= max(3, min(LOOK_FRAMES, LOOK_PIXELS // (frame.width * frame.height))):
                whole = False
                break
            first = first or frame
            times.append(time)
            sizes.add((frame.width, frame.height))
            interlaced += frame.interlaced_frame
            damaged += frame.is_corrupt
        if first is None:
            raise Refusal(
                "not one frame of the video decodes",
                code="no-frames",
                advice="check that it plays, and upload it again",
            )
        video = _describe(stream, first, interlaced * 2 > len(times))
        untagged = is_untagged(first, stream)
    return FirstLook(video, tuple(times), frozenset(sizes), whole, damaged > 0, untagged)


def _describe(stream: VideoStream, frame: VideoFrame, interlaced: bool) -> Video:
    codec = stream.codec_context
    ratio = stream.sample_aspect_ratio or codec.sample_aspect_ratio
    colour = decoded_colour(frame, stream)
    return Video(
        stream_index=stream.index,
        codec=codec.name,
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        frame_rate=_sane_rate(stream),
        time_base=stream.time_base or Fraction(1, 1000),
        colour=colour,
        sample_aspect_ratio=ratio if ratio is not None and ratio > 0 else Fraction(1),
        interlaced=interlaced,
        hdr=colour.transfer in (PQ, HLG),
        alpha=has_alpha(frame.format),
        display_matrix=display_matrix(frame),
    )


def _sane_rate(stream: VideoStream) -> Fraction:
    """The average frame rate, else FFmpeg's guess, else 25; headers may hold anything."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate is not None and rate > 0:
            return rate
    return Fraction(25)
