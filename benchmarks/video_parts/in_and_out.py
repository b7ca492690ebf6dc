"""Decoding and encoding, alone and on one thread, and what of it FFmpeg's own codecs take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.to_yuv import YuvConverter
from video_parts.film import Film
from video_parts.timing import Cost, in_turn


def decoding(film: Film, clip: Path, rounds: int) -> dict[str, Cost]:
    """Return what a decoded frame and its picture cost, beside PyAV's loop in which nothing is converted."""

    def product() -> int:
        with film.reader() as reader:
            return sum(1 for _ in film.frames(reader))

    def decoded() -> Iterator[av.VideoFrame]:
        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_type = "NONE"
            stream.codec_context.thread_count = 1
            yield from container.decode(stream)

    def codec_alone() -> int:
        return sum(1 for _ in decoded())

    def inaccurate() -> int:
        return sum(len(frame.to_ndarray(format="rgb24")[:1]) for frame in decoded())

    candidates: dict[str, Callable[[], int]] = {
        "decode, pictures": product,
        "decode, codec alone": codec_alone,
        "decode, PyAV's default colours": inaccurate,
    }
    return in_turn(candidates, rounds)


def encoding(film: Film, pictures: list[NDArray[np.uint8]], scratch: Path, rounds: int) -> dict[str, Cost]:
    """Return what encoding `pictures` (H, W, 3) costs, and of it the conversion to YUV."""
    settings = film.manifest.encode

    def product() -> int:
        with SegmentEncoder(scratch / "encoded.mp4", settings) as encoder:
            for picture in pictures:
                encoder.write(picture)
        return len(pictures)

    converter = YuvConverter(settings)

    def to_yuv() -> int:
        for picture in pictures:
            converter.convert(picture)
        return len(pictures)

    return in_turn({"encode, segment": product, "encode, conversion to YUV": to_yuv}, rounds)
