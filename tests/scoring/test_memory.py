"""Too little memory for the model, really: onnxruntime's arena gives no more, as on a GPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from reelbrush.job import BatchState
from scoring.contract import Contract
from tests.scoring.jobs import PreparedJob, make_clip, prepare
from tests.scoring.models import save_style

FRAMES = 24
PLENTY = 500  # MiB


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, FRAMES, 320, 240)
    return path


def paint(job: PreparedJob, mib: int, *more: str, attempt: int = 1) -> tuple[int, str]:
    """Run a batch with `mib` MiB for the model and return exit code and log; nothing is published before."""
    run = job.request(attempt=attempt)
    command = [sys.executable, str(Path(__file__).with_name("limited.py")), str(mib)]
    command += ["--store", job.store.uri, "--job", job.job.id, "--run", run, "--providers", "cpu", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout


def versions(job: PreparedJob, index: int) -> dict[str, Any]:
    return json.loads(job.page_path(index).read_text())["versions"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> list[str | None]:
    job = prepare(tmp_path_factory.mktemp("undisturbed"), clip, "starry-night")
    code, log = paint(job, PLENTY, "--frames", "4", "--threads", "3")
    assert code == 0 and "too little memory" not in log
    assert "frames_per_call" not in versions(job, 0)
    return job.page_hashes()


@pytest.mark.parametrize(
    ("mib", "threads", "steps", "frames"),
    [
        (18, 1, ["2 frames per call"], "2"),
        (10, 1, ["2 frames per call", "1 frame per call"], "1"),
        (8, 3, ["2 frames per call", "1 frame per call", "one thread at a time"], "1"),
    ],
)
def test_less_is_painted_at_once(
    tmp_path: Path,
    clip: Path,
    undisturbed: list[str | None],
    mib: int,
    threads: int,
    steps: list[str],
    frames: str,
) -> None:
    job = prepare(tmp_path, clip, "starry-night")
    code, log = paint(job, mib, "--frames", "4", "--threads", str(threads))
    assert code == 0, log
    told = [line.partition("from now on ")[2].partition(" (")[0] for line in log.splitlines()]
    assert [step for step in told if step] == steps
    assert job.page_hashes() == undisturbed  # each frame is painted by itself
    assert versions(job, 1)["frames_per_call"] == frames


def test_what_does_not_fit_at_all_fails_after_every_step(tmp_path: Path, clip: Path) -> None:
    job = prepare(tmp_path, clip, "starry-night")
    code, log = paint(job, 3, "--frames", "2", "--threads", "2")
    assert code == 3
    for step in ("1 frame per call", "one thread at a time", "16-bit floats"):
        assert log.count(f"from now on {step}") == 1
    result = job.result(job.request())
    assert (result.state, result.error_code) == (BatchState.FAILED, "out-of-memory")
    assert result.retryable  # another node may have more
    assert job.page_hashes() == [None, None]


def wide_model(gain: float = 1.0) -> onnx.ModelProto:
    """A model that passes frames on, times `gain` and back, and holds each 16 times in between."""
    constants = {
        "first": np.array([0], np.int64),
        "end": np.array([3], np.int64),
        "axis": np.array([3], np.int64),
        "gain": np.array([gain], np.float32),
        "back": np.array([1 / gain], np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["frames"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "gain"], ["large"]),
        helper.make_node("Concat", ["large"] * 16, ["wide"], axis=3),
        helper.make_node("Slice", ["wide", "first", "end", "axis"], ["narrow"]),
        helper.make_node("Mul", ["narrow", "back"], ["small"]),
        helper.make_node("Round", ["small"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["stylized"], to=TensorProto.UINT8),
    ]
    shape = ["N", "H", "W", 3]
    graph = helper.make_graph(
        nodes,
        "wide",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.UINT8, shape)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_16_bit_floats_are_the_last_way_out(tmp_path: Path, clip: Path) -> None:
    save_style(tmp_path, "wide", wide_model(), Contract())
    job = prepare(tmp_path, clip, "wide")
    styles = ("--styles", str(tmp_path))
    assert paint(job, PLENTY, *styles)[0] == 0
    whole = job.page_hashes()
    for index in (0, 1):
        job.page_path(index).unlink()
    code, log = paint(job, 12, *styles, attempt=2)
    assert code == 0 and "from now on 16-bit floats" in log, log
    assert versions(job, 0)["precision"] == "float16"
    assert job.page_hashes() == whole  # whole numbers up to 2048 are exact in them


def test_a_model_that_would_break_in_16_bits_is_never_run_in_them(tmp_path: Path, clip: Path) -> None:
    save_style(tmp_path, "wide", wide_model(gain=1000.0), Contract())
    job = prepare(tmp_path, clip, "wide")
    code, log = paint(job, 12, "--styles", str(tmp_path))
    assert code == 3 and "16-bit floats are no way out: it reaches 2.55e+05" in log, log
    assert job.result(job.request()).error_code == "out-of-memory"
