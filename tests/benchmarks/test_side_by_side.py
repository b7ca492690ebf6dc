"""The table of contenders, small: its ratios are those of its turns, and everybody paints every frame."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest

from tests.absent import absent
from tests.conftest import ROOT
from tests.media import ffmpeg


@pytest.fixture
def contenders(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules that turn turns into the table; benchmarks find each other beside the command."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from contenders import field, rounds, rows, table

    return SimpleNamespace(Contender=field.Contender, Turn=rounds.Turn, rows=rows, table=table)


def turn(contenders: Any, cpu: float, model: float = 0.5) -> Any:
    stages = {"decode": 0.1, "model": model, "encode": 0.1, "mux": 0.0}
    return contenders.Turn(cpu, cpu / 2, 1.0, 3e6, 100.0, stages)


def made(contenders: Any, key: str, turns: list[Any], reference: list[Any], *, int8: bool = False) -> Any:
    model = Path("net.onnx")
    contender = contenders.Contender(key, key.title(), True, int8, model, lambda *_: [])
    ceiling = {
        "fma_gflops": 200.0,
        "sgemm_gflops": 100.0,
        "int8_gops": 400.0,
        "operations": {"net.onnx": 25e9},
    }
    picture = {"psnr_db": 30.0, "frames": 8}
    return contenders.rows.row(contender, 8, turns, reference, picture, ceiling)


def test_ratios_are_of_medians_and_shares_of_the_right_ceiling(contenders: Any) -> None:
    reference = [turn(contenders, cpu) for cpu in (4.0, 2.0, 9.0)]
    row = made(contenders, "product", [turn(contenders, cpu) for cpu in (1.0, 0.7, 0.8)], reference)
    assert row.cpu_ms == pytest.approx(800) and row.cpu_quartiles == pytest.approx((750, 900))
    assert row.ratio == pytest.approx(4.0 / 0.8) and row.wall_ratio == pytest.approx(2.0 / 0.4)
    assert row.overhead == pytest.approx(0.8 / 0.7)
    assert row.ceiling_share == pytest.approx(25 / 0.5 / 100)
    assert row.fma_share == pytest.approx(25 / 0.5 / 200)
    assert row.megabytes == pytest.approx(3)
    quick = made(contenders, "shipped-int8", [turn(contenders, 0.5, model=0.25)], [], int8=True)
    assert quick.ceiling_share == pytest.approx(25 / 0.25 / 400)
    assert quick.ratio is None and quick.wall_ratio is None


def test_frames_that_are_missing_and_other_pictures_are_told(contenders: Any) -> None:
    row = made(contenders, "plain", [turn(contenders, 1.0)], [])
    assert contenders.rows.problems([row]) == []
    assert contenders.rows.problems([replace(row, frames_out=7)]) == ["Plain: 7 frames came out of 8"]
    assert contenders.rows.problems([replace(row, psnr_db=12.0)]) == [
        "Plain: 12.0 dB from the picture of its network"
    ]


def test_a_contender_that_cannot_run_has_a_row_that_says_so(contenders: Any) -> None:
    row = contenders.rows.Row("reference", "the reference", 8, "torch is not installed")
    last = contenders.table.table([row]).splitlines()[-1]
    assert "the reference: torch is not installed" in last
    assert contenders.rows.problems([row]) == []


@pytest.mark.slow
def test_one_command_prints_the_table_and_writes_the_numbers(tmp_path: Path) -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        absent("torch is not installed")
    numbers, film = tmp_path / "numbers.json", tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=size=256x144:rate=25", "-frames:v", "4", str(film))
    command = [sys.executable, ROOT / "benchmarks" / "side_by_side.py", "--size", "144p", "--rounds", "1"]
    command += ["--frames", "3", "--heavy-frames", "3", "--only", "reference,plain", "--json", numbers]
    command += ["--clip", film]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    assert "% of gemm" in done.stdout and "plain onnxruntime loop" in done.stdout
    result = json.loads(numbers.read_text())
    rows = {row["key"]: row for row in result["rows"]}
    assert list(rows) == ["reference", "plain"] == list(result["turns"])
    for key, row in rows.items():
        turns = result["turns"][key]
        assert row["frames_out"] == row["frames"] == 3
        assert row["cpu_ms"] == pytest.approx(1e3 * median(turn["cpu_seconds"] for turn in turns))
        assert row["stages_ms"].keys() == {"decode", "model", "encode", "mux"}
        assert row["peak_mib"] > 50
        assert row["ratio"] == pytest.approx(rows["reference"]["cpu_ms"] / row["cpu_ms"])
    assert rows["plain"]["psnr_db"] > rows["reference"]["psnr_db"]  # its files cost the picture
    assert result["ceiling"]["operations"]["plain"] == result["ceiling"]["operations"]["reference"] > 1e9
