"""The main job through the command line: host, trigger, orchestration, processes, stitch."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from tests.media import ffmpeg, frame_times

Reelbrush = Callable[..., subprocess.CompletedProcess[str]]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_clip_is_repainted_with_its_sound(reelbrush: Reelbrush, clip: Path, tmp_path: Path) -> None:
    done = reelbrush("run", clip, "-o", "out.mp4", "--style", "identity")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out.mp4"
    for word in ("frames   180", "1 audio", "retries  0", "fps"):
        assert word in done.stderr, done.stderr
    source, painted = frame_times(clip), frame_times(tmp_path / "out.mp4")
    assert [t - source[0][0] for t, _ in source] == [t - painted[0][0] for t, _ in painted]
    with av.open(str(clip)) as a, av.open(str(tmp_path / "out.mp4")) as b:
        sound = [[bytes(p) for p in c.demux(audio=0) if p.size] for c in (a, b)]
    assert sound[0] == sound[1]
    assert not (tmp_path / "out.reelbrush").exists()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mpirun") is None, reason="Open MPI is not installed (Debian: openmpi-bin)")
def test_three_mpi_ranks_make_the_same_bytes(
    reelbrush: Reelbrush, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reelbrush("run", clip, "-o", "one.mp4", "--style", "identity").returncode == 0
    monkeypatch.setenv("REELBRUSH_PROCESSES", "3")
    done = reelbrush("run", clip, "-o", "three.mp4", "--style", "identity", "--keep")
    assert done.returncode == 0, done.stderr
    assert sha256(tmp_path / "one.mp4") == sha256(tmp_path / "three.mp4")
    logs = "".join(p.read_text() for p in tmp_path.glob("three.reelbrush/*/store/.runs/*/log.txt"))
    assert "rank 2 of 3" in logs


@pytest.mark.slow
def test_the_output_does_not_depend_on_batches_or_workers(
    reelbrush: Reelbrush, clip: Path, tmp_path: Path
) -> None:
    digests: set[str] = set()
    for index, (frames, workers) in enumerate([(24, 2), (96, 1), (1000, 4)]):
        name = f"out{index}.mp4"
        done = reelbrush(
            "run", clip, "-o", name, "--style", "identity",
            "--batch-frames", str(frames), "--workers", str(workers),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        digests.add(sha256(tmp_path / name))
    assert len(digests) == 1


def test_json_is_one_document(reelbrush: Reelbrush, clip: Path) -> None:
    done = reelbrush("run", clip, "-o", "out.mp4", "--style", "identity", "--json", "--quiet", "--keep")
    job = json.loads(done.stdout)
    assert (job["status"], job["result"]["frameCount"], job["progress"]["percent"]) == ("Succeeded", 180, 100)
    assert done.stderr == ""
    again = reelbrush("run", clip, "-o", "out.mp4", "--style", "identity", "--json", "--quiet")
    assert json.loads(again.stdout)["id"] == job["id"], "a finished job that was kept is not done again"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("empty.mp4", b"", "empty"),
        ("text.mp4", b"this is no video\n" * 50, "video"),
        ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n", ""),
        ("$(touch PWNED).mp4", b"", "empty"),
    ],
)
def test_what_is_no_video_is_refused(
    reelbrush: Reelbrush, tmp_path: Path, name: str, content: bytes, word: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = reelbrush("run", name, "-o", "out/result.mp4", "--style", "identity")
    assert done.returncode == 1
    assert word in done.stderr and "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [name]


def test_a_file_without_video_is_refused(reelbrush: Reelbrush, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", str(tmp_path / "sound.m4a"))
    done = reelbrush("run", "sound.m4a", "-o", "out.mp4", "--style", "identity")
    assert done.returncode == 1 and "video" in done.stderr


def test_wrong_usage_has_its_own_exit_codes(reelbrush: Reelbrush, clip: Path) -> None:
    codes = [
        reelbrush("run", "none.mp4", "-o", "out.mp4").returncode,
        reelbrush("run", clip, "-o", "out.mp4", "--style", "no-such-style").returncode,
        reelbrush("run", clip, "-o", clip, "--style", "identity").returncode,
        reelbrush("run", clip).returncode,
    ]
    assert codes == [3, 2, 2, 2]


def test_doctor_and_styles_answer(reelbrush: Reelbrush) -> None:
    checked = reelbrush("doctor")
    assert checked.returncode == 0 and "ok    optical flow: OpenCV" in checked.stdout
    listed = {line["name"] for line in json.loads(reelbrush("styles", "--json").stdout)}
    assert "identity" in listed and len(listed) > 1


def test_the_command_is_installed() -> None:
    command = Path(sys.executable).with_name("reelbrush")
    assert subprocess.run([command, "--version"], capture_output=True).returncode == 0
