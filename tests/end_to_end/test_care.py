"""What belongs to the user stays as it is, whatever happens."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media import ffmpeg

Reelbrush = Callable[..., subprocess.CompletedProcess[str]]
ASS = """[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.10,0:00:00.90,Default,,0,0,0,,{\\i1}Sea{\\i0}
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """An MKV whose subtitles no MP4 can hold."""
    (tmp_path / "s.ass").write_text(ASS)
    path = tmp_path / "movie.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1", "-i", str(tmp_path / "s.ass"),
        "-c:s", "copy", "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    return path


def test_another_container_never_overwrites_the_source(
    reelbrush: Reelbrush, film: Path, tmp_path: Path
) -> None:
    before = hashlib.sha256(film.read_bytes()).digest()
    done = reelbrush("run", "movie.mkv", "-o", "movie.mp4", "--style", "identity")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "movie.painted.mkv" and "movie.painted.mkv" in done.stderr
    assert hashlib.sha256(film.read_bytes()).digest() == before
    again = reelbrush("run", "movie.mkv", "-o", "movie.mp4", "--style", "identity", "--quiet")
    assert again.stdout.strip() == "movie.painted-2.mkv"


def test_a_work_folder_of_the_users_keeps_its_files(reelbrush: Reelbrush, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    shutil.copy(clip, tmp_path / "clip.mp4")
    (tmp_path / "empty.mp4").touch()
    assert (
        reelbrush("run", "clip.mp4", "-o", "out.mp4", "--style", "identity", "--work-dir", ".").returncode
        == 0
    )
    assert (
        reelbrush("run", "empty.mp4", "-o", "o.mp4", "--style", "identity", "--work-dir", ".").returncode == 1
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "empty.mp4", "out.mp4", "thesis.txt"]


def test_an_end_cut_short_is_made_good(reelbrush: Reelbrush, clip: Path, tmp_path: Path) -> None:
    assert reelbrush("run", clip, "-o", "out.mp4", "--style", "identity", "--keep").returncode == 0
    first = (tmp_path / "out.mp4").read_bytes()
    (output,) = (tmp_path / "out.reelbrush").glob("*/store/output")
    shutil.rmtree(output)
    done = reelbrush("run", clip, "-o", "out.mp4", "--style", "identity")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.mp4").read_bytes() == first


def test_files_of_the_current_folder_are_not_imported(
    reelbrush: Reelbrush, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("scoring", "av", "numpy", "onnxruntime"):
        (tmp_path / f"{name}.py").write_text(
            "import pathlib; pathlib.Path('PWNED').touch(); raise SystemExit(9)"
        )
    command = [str(Path(sys.executable).with_name("reelbrush")), "run", str(clip), "-o", "out.mp4"]
    done = subprocess.run([*command, "--style", "identity"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "PWNED").exists()


def test_a_proxy_is_not_asked_for_this_machine(
    reelbrush: Reelbrush, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert reelbrush("run", clip, "-o", "out.mp4", "--style", "identity").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "clip.mp4", "-o", "clip.mp4/out.mp4", "--style", "identity"], 1),
        (["run", "clip.mp4", "-o", f"{'x' * 251}.mp4", "--style", "identity"], 0),
        (["sample", "/proc/none/sample.mp4"], 1),
    ],
)
def test_unusable_places_are_said_in_one_line(
    reelbrush: Reelbrush, clip: Path, tmp_path: Path, arguments: list[str], code: int
) -> None:
    shutil.copy(clip, tmp_path / "clip.mp4")
    done = reelbrush(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_ctrl_c_twice_ends_a_split_at_once(tmp_path: Path) -> None:
    film = tmp_path / "interlaced.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=40", "-vf", "tinterlace=interleave_top",
        "-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-q:v", "6", str(film),
    )  # fmt: skip
    command = [sys.executable, "-m", "reelbrush", "run", str(film), "-o", "out.mp4", "--style", "identity"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ})
    while not list(tmp_path.glob("out.reelbrush/*/store/.tmp/scratch-*/*")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and time.monotonic() - began < 3, errors
    assert "Traceback" not in errors
