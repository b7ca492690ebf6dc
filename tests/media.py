"""Making and reading media in tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import imageio_ffmpeg


def ffmpeg(*arguments: str) -> None:
    """Run the wheel's ffmpeg."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def frame_times(path: Path) -> list[tuple[int, int]]:
    """Return (pts, packet size) of every video packet in presentation order."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.pts is not None]
        return sorted((int(p.pts or 0), p.size) for p in packets)
