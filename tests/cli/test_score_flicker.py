"""`reelbrush score-flicker` on files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reelbrush.cli.main import main
from tests.media import ffmpeg


def make(path: Path, *filters: str, size: str = "128x96", seconds: str = "0.4") -> Path:
    """Two shots with noise of their own: gray fields that move, then a pattern."""
    shots = f"testsrc2=size={size}:rate=25:duration={seconds}"
    chain = ",".join(["negate=enable='gte(t,0.2)'", *filters])
    ffmpeg("-f", "lavfi", "-i", shots, "-vf", chain, "-c:v", "libx264", "-crf", "10", str(path))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score-flicker", *map(str, arguments)])


def test_a_copy_and_a_noisy_one(tmp_path: Path) -> None:
    original = make(tmp_path / "original.mp4")
    copy = run(original, original, "--json")
    assert copy.exit_code == 0
    numbers = json.loads(copy.stdout)
    assert numbers["frames"] == 10
    assert [(shot["first"], shot["last"]) for shot in numbers["shots"]] == [(0, 4), (5, 9)]
    assert numbers["score"]["pairs"] == sum(shot["score"]["pairs"] for shot in numbers["shots"]) == 8
    assert numbers["score"]["ratio"] <= 1.0
    noisy = run(make(tmp_path / "noisy.mp4", "noise=alls=40:allf=t:all_seed=3"), original, "--json")
    assert json.loads(noisy.stdout)["score"]["ratio"] > 3 * numbers["score"]["ratio"]


def test_the_table_has_a_line_per_shot(tmp_path: Path) -> None:
    original = make(tmp_path / "original.mp4")
    told = run(original, original, "--every", "2")
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["1", "0..4", "2"],
        ["2", "5..9", "2"],
        ["all", "0..9", "4"],
    ]
    assert lines[4].startswith("flicker ")


def test_videos_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    original = make(tmp_path / "original.mp4")
    larger = run(make(tmp_path / "larger.mp4", size="160x96"), original)
    assert larger.exit_code == 1
    assert "the painted video is 160x96, the original 128x96" in larger.stderr
    shorter = run(make(tmp_path / "shorter.mp4", seconds="0.32"), original)
    assert shorter.exit_code == 1 and "the painted video ends after 8 frames" in shorter.stderr
    longer = run(original, make(tmp_path / "again.mp4", seconds="0.32"))
    assert longer.exit_code == 1 and "the original ends after 8 frames" in longer.stderr


@pytest.mark.parametrize("every", ["0", "x"])
def test_wrong_usage(tmp_path: Path, every: str) -> None:
    assert run("a.mp4", "b.mp4", "--every", every).exit_code == 2


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    original = make(tmp_path / "original.mp4")
    missing = run(tmp_path / "none.mp4", original)
    assert missing.exit_code == 3 and "there is no file" in missing.stderr
    text = tmp_path / "text.mp4"
    text.write_text("not a film")
    assert run(text, original).exit_code == 1


def test_ctrl_c_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = make(tmp_path / "original.mp4", seconds="0.08")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reelbrush.cli.score_flicker.frame_pairs", interrupted)
    assert run(original, original).exit_code == 130


def test_a_single_frame_has_nothing_to_compare(tmp_path: Path) -> None:
    single = make(tmp_path / "single.mp4", seconds="0.04")
    told = run(single, single, "--json")
    assert told.exit_code == 1 and "no pair of frames" in told.stderr
    assert json.loads(told.stdout) == {
        "frames": 1,
        "score": None,
        "shots": [{"first": 0, "last": 0, "score": None}],
    }
