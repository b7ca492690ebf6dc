"""Real runs of the command line, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media import ffmpeg

Reelbrush = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """180 frames of moving test pattern, 96x64, NTSC rate, B-frames, open GOPs, with a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=30000/1001:duration=6.006",
        "-f", "lavfi", "-i", "sine=frequency=440:duration=6",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "60", "-bf", "2", "-x264-params", "open-gop=1",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", str(path),
    )  # fmt: skip
    return path


@pytest.fixture
def reelbrush(tmp_path: Path) -> Reelbrush:
    """Run the command in `tmp_path` and return what it printed."""

    def run(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "reelbrush", *map(str, arguments)]
        environment = {**os.environ, "REELBRUSH_POLL_SECONDS": "0.2"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=timeout
        )

    return run
