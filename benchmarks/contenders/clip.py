"""The clip that all contenders paint: the product's own sample film with film grain, or a file of yours."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from reelbrush.sample import FRAME_RATE, make_sample

GRAIN = 6
"""Strength of ffmpeg's temporal noise: without it an enlarged film is easier for x264 than real ones."""


def ffmpeg(*arguments: str | Path) -> None:
    """Run the wheel's ffmpeg, silent but for errors. Raises CalledProcessError."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def sample_film(path: Path, frames: int) -> Path:
    """Write the product's sample film to `path`, of at least `frames` frames, and return `path`."""
    make_sample(path, -(-frames // int(FRAME_RATE)))
    return path


def make_clip(path: Path, frames: int, height: int, film: Path) -> None:
    """Write the first `frames` frames of `film`, 16:9 and `height`, with sound: H.264, 25 fps.

    Raises ValueError when the film is too short.
    """
    size = f"{height * 16 // 9}:{height}"
    # in BT.601, which every decoder here takes for granted; of others only some would read the tags
    scale = f"scale={size}:flags=lanczos:out_color_matrix=bt601:out_range=limited"
    shape = f"{scale},fps=25,noise=alls={GRAIN}:allf=t:all_seed=1"
    tags = [
        text for name in ("colorspace", "color_primaries", "color_trc") for text in (f"-{name}", "smpte170m")
    ]
    seconds = f"{frames / 25:.3f}"
    ffmpeg(
        *("-i", film, "-vf", shape, "-frames:v", str(frames), "-t", seconds, "-pix_fmt", "yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "50", "-threads", "1"),
        *(*tags, "-c:a", "aac", path),
    )
    found = count_frames(path)
    if found != frames:
        raise ValueError(f"{film} gives {found} frames, {frames} are wanted")


def count_frames(path: Path) -> int:
    """Return how many frames of the first video stream decode."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def first_frames(path: Path, count: int) -> NDArray[np.uint8]:
    """Return up to `count` frames (N, H, W, 3) uint8 RGB."""
    found: list[NDArray[np.uint8]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if len(found) == count:
                break
            found.append(frame.to_ndarray(format="rgb24"))
    return np.stack(found)
