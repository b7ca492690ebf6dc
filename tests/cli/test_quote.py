"""`reelbrush quote`: on this machine, and asked of an app."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media import ffmpeg

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """75 frames, 128x96, in Matroska, whose header counts no frames."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25:duration=3", "-pix_fmt", "yuv420p", str(path))
    return path


def quote(*arguments: str | Path) -> Done:
    command = [sys.executable, "-m", "reelbrush", "quote", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REELBRUSH_")}
    environment |= {"NO_COLOR": "1", "COLUMNS": "160"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_a_quote_for_this_machine_is_measured_and_those_of_clusters_reckoned(clip: Path) -> None:
    done = quote(clip, "--style", "great-wave", "--nodes", "3", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    here = found["here"]
    assert (here["frames"], here["measured"], here["device"]) == (75, True, "cpu")
    assert 0 < here["secondsPerFrame"] < 1 and "cost" not in here
    sizes = {entry["size"]: entry for entry in found["reckoned"]}
    assert "Standard_NC4as_T4_v3" in sizes and "Standard_NC6s_v3" not in sizes, "retired"
    assert all(entry["measured"] is False and entry["nodes"] <= 3 for entry in sizes.values())
    assert sizes["Standard_NC4as_T4_v3"]["cost"]["currency"] == "USD"


def test_people_get_a_table(clip: Path) -> None:
    done = quote(clip, "--style", "identity")
    assert done.returncode == 0, done.stderr
    assert "this machine" in done.stdout and "likely" in done.stdout
    assert "cluster of up to 4 nodes, not measured" in done.stdout
    assert "NC4as_T4_v3" in done.stdout and "1 x T4" in done.stdout


def test_what_cannot_be_quoted_has_its_exit_code(clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    assert quote(tmp_path / "nothing.mp4").returncode == 3
    assert quote(clip, "--style", "none").returncode == 2
    assert quote(clip, "--strength", "2").returncode == 2
    done = quote(text)
    assert done.returncode == 1 and "not a video" in done.stderr
    assert quote(clip, "--url", "http://127.0.0.1:9").returncode == 4
