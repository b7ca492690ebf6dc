"""Sources of streams."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media import ffmpeg
from tests.watch.making import Screening, screening

_PATTERN = ("-f", "lavfi", "-i")
_CODEC = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "48", "-sc_threshold", "0")
_COLOURS = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
_LATE = "setpts=PTS+0.8/TB"


def _pattern(rate: str, seconds: float, size: str = "64x48") -> tuple[str, ...]:
    return (*_PATTERN, f"testsrc2=size={size}:rate={rate}:duration={seconds}")


_TONE = (*_PATTERN, "sine=frequency=440:duration=6")
SOURCES: dict[str, tuple[str, ...]] = {
    "constant.mp4": (*_pattern("30000/1001", 9.6), *_CODEC),
    "variable.mp4": (
        *_pattern("30", 8), "-vf", "select='gt(random(1),0.3)'", "-fps_mode", "vfr", *_CODEC, "-bf", "2",
    ),
    "milliseconds.mkv": (*_pattern("24000/1001", 5), *_TONE, *_CODEC, "-c:a", "aac"),
    "clock.ts": (
        *_pattern("25", 5), *_TONE, "-vf", "setsar=16/11", *_CODEC, *_COLOURS, "-c:a", "aac",
        "-output_ts_offset", "3000",
    ),
    "late-picture.mp4": (*_pattern("25", 4), *_TONE, "-vf", _LATE, *_CODEC, "-c:a", "aac"),
}  # fmt: skip


def make_source(folder: Path, name: str) -> Path:
    path = folder / name
    ffmpeg(*SOURCES[name], str(path))
    return path


@pytest.fixture(params=SOURCES)
def any_source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One of several sources: constant and variable rates, several clocks, sound that begins first."""
    return make_source(tmp_path, request.param)


@pytest.fixture
def late_picture(tmp_path: Path) -> Path:
    """A source whose picture begins 0.8 s after its sound."""
    return make_source(tmp_path, "late-picture.mp4")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """288 frames, 64x48, 29.97 frames per second: six segments."""
    return make_source(tmp_path_factory.mktemp("source"), "constant.mp4")


@pytest.fixture
def large_source(tmp_path: Path) -> Path:
    """288 frames, 640x360, which take seconds to paint."""
    path = tmp_path / "large.mp4"
    ffmpeg(*_pattern("30000/1001", 9.6, "640x360"), *_CODEC, str(path))
    return path


@pytest.fixture
def film(tmp_path: Path, source: Path) -> Screening:
    """A job of six segments, none published."""
    made = screening(tmp_path, source)
    assert len(made.manifest.segments) == 6
    return made
