"""What the header of a video says of its size and length, for reckoning what painting it would take."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av

from reelbrush.errors import Refusal
from reelbrush.media.container import Opener, opened
from reelbrush.media.probe import require_video

DEFAULT_RATE = Fraction(25)  # where a header tells none


@dataclass(frozen=True)
class Glance:
    """A video as its header describes it."""

    width: int  # coded pixels, before rotation
    height: int
    frames: int  # >= 1
    frame_rate: Fraction  # average, frames per second
    seconds: float  # of the video, as far as the header knows
    exact: bool  # the header counts the frames; else they follow from duration and rate


def glance(open_source: Opener) -> Glance:
    """Read a video's header. Nothing beyond what FFmpeg probes is read or decoded.

    Raises Refusal for what is no video, or whose header tells no length (`no-length`).
    """
    with opened(open_source) as container:
        stream = require_video(container)
        rates = (stream.average_rate, stream.guessed_rate, DEFAULT_RATE)
        rate = next(rate for rate in rates if rate is not None and rate > 0)
        seconds = _seconds(stream.duration, stream.time_base) or _seconds(
            container.duration, Fraction(1, av.time_base)
        )
        frames = stream.frames or round(seconds * float(rate))
        if frames < 1:
            raise Refusal(
                "the video's header does not tell how long it is",
                code="no-length",
                advice="name width, height and frames, or remux it to MP4",
            )
        codec = stream.codec_context
        return Glance(
            codec.width, codec.height, frames, rate, seconds or float(frames / rate), stream.frames > 0
        )


def _seconds(duration: int | None, base: Fraction | None) -> float:
    return float(duration * base) if duration and duration > 0 and base else 0.0
