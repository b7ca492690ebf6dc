"""The gallery: what it shows came out of the product, and its page tells where everything is from."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.media import ffmpeg


def gallery(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "benchmarks" / "gallery.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"), dtype=np.float32)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """A clip of ten frames of plain red, with its source."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    ffmpeg("-f", "lavfi", "-i", "color=red:size=96x64:rate=25:duration=0.4", str(folder / "1-red-wall.mp4"))
    (folder / "sources.csv").write_text("file,source,license\n1-red-wall.mp4,a painter,CC0\n")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)  # seven runs of the product: 20 s alone, minutes on a busy machine
def test_one_command_makes_pictures_and_page(scenes: Path, tmp_path: Path) -> None:
    out, readme = tmp_path / "docs", tmp_path / "README.md"
    readme.write_text("before\n<!-- styles -->\nan older list\n<!-- /styles -->\nafter\n")
    done = gallery("--styles", "starry-night", "--scenes", scenes, "--frames", "4", "--out", out)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (out / "gallery").iterdir()}
    strips = {"strength.jpg", "preserve-color.jpg", "mix.jpg", "fade.jpg"}
    assert made == {"README.md", "starry-night.jpg", *strips}
    assert all(path.stat().st_size < 300_000 for path in out.rglob("*.jpg"))

    overview = picture(out / "gallery.jpg")
    original, painted = overview[:, :340], overview[:, -340:]
    red = original[300, 170]
    assert red[0] > 200 and red[1:].max() < 60
    assert np.abs(original - painted).mean() > 20

    strength = picture(out / "gallery" / "strength.jpg")
    nothing, half, whole = (strength[100, 488 * number + 240] for number in range(3))
    assert np.abs(nothing - (254, 0, 0)).max() < 12
    assert np.abs(half - (nothing + whole) / 2).max() < 12

    listed = readme.read_text(encoding="utf-8").splitlines()
    assert (listed[0], listed[-1], len(listed)) == ("before", "after", 7)
    assert listed[4].startswith("| [`starry-night`](docs/gallery/starry-night.jpg) | ")

    page = (out / "gallery" / "README.md").read_text(encoding="utf-8")
    assert "| red wall | a painter; CC0 |" in page
    assert re.search(r"\| starry-night \| \d", page)
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page):
        assert (out / "gallery" / target).is_file(), target


def test_a_clip_that_is_too_short_is_refused(scenes: Path, tmp_path: Path) -> None:
    done = gallery("--scenes", scenes, "--frames", "11", "--out", tmp_path / "docs")
    assert done.returncode != 0
    assert "too few frames: 11 are needed" in done.stderr
