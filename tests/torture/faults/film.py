"""The film of all plays: every frame carries its own number, and lasts one tick or two."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np

from tests.media import ffmpeg

SEGMENTS, SEGMENT_FRAMES = 12, 48
FRAMES = SEGMENTS * SEGMENT_FRAMES
SIDE, CELL, BITS = 32, 8, 10  # pixels of the square picture, of one bit
TIME_BASE = Fraction(1, 50)


def ticks_of(number: int) -> int:
    """Return when a frame is shown: every fifth one lasts two ticks."""
    return number + number // 5


def make_film(path: Path) -> Path:
    """Write the film with a key frame every 48 frames, B-frames and a tone; return `path`."""
    silent = path.with_suffix(".silent.mp4")
    with av.open(str(silent), "w") as container:
        stream = container.add_stream("libx264", Fraction(50))
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = TIME_BASE
        every = str(SEGMENT_FRAMES)
        stream.options = {
            "g": every,
            "keyint_min": every,
            "sc_threshold": "0",
            "preset": "ultrafast",
            "bf": "2",
        }
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(_picture(number), format="rgb24")
            frame.pts, frame.time_base = ticks_of(number), TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    ffmpeg(
        "-i", str(silent), "-f", "lavfi", "-i", "sine=frequency=440:duration=13",
        "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-b:a", "32k", str(path),
    )  # fmt: skip
    silent.unlink()
    return path


def read_film(path: Path) -> list[tuple[int, Fraction]]:
    """Return (number, seconds) of every frame that a video shows, decoded by PyAV alone."""
    shown: list[tuple[int, Fraction]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None and frame.time_base is not None
            grey = cast("Any", frame.to_ndarray(format="gray"))
            cells = grey.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean((1, 3)).ravel()
            number = sum(1 << bit for bit in range(BITS) if cells[bit] > 128)
            shown.append((number, frame.pts * frame.time_base))
    return shown


def what_is_wrong(path: Path) -> str:
    """Return what is wrong with a painted film, "" when every frame is there once, in order, in time."""
    shown = read_film(path)
    numbers = [number for number, _ in shown]
    if numbers != list(range(FRAMES)):
        first = next((i for i, number in enumerate(numbers) if number != i), len(numbers))
        return f"{len(numbers)} of {FRAMES} frames; place {first} shows frame {numbers[first : first + 1]}"
    start = shown[0][1]
    for number, seconds in shown:
        if seconds - start != ticks_of(number) * TIME_BASE:
            return f"frame {number} is shown at {float(seconds - start)} s"
    with av.open(str(path)) as container:
        return "" if len(container.streams.audio) == 1 else "the sound is gone"


def _picture(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    cells = np.array([235 if number >> bit & 1 else 16 for bit in range(BITS)] + [16] * (16 - BITS), np.uint8)
    grey = cells.reshape(SIDE // CELL, SIDE // CELL).repeat(CELL, 0).repeat(CELL, 1)
    return np.repeat(grey[:, :, None], 3, 2)
