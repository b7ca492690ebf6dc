"""Real scoring processes that are frozen, or whose model never comes back."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import activities.stalled
from activities.poll import poll
from activities.services import Services
from activities.stalled import BEGINS, STALLED
from reelbrush.compute import RunRequest
from reelbrush.compute.local import LocalCompute, kill, running
from reelbrush.compute.processes import ProcessRecord
from reelbrush.job import BatchState
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.end_to_end.conftest import save_slow_style
from tests.scoring.jobs import PreparedJob, make_clip, prepare
from tests.torture.toll import Toll

STEP = 110.0  # seconds that the app's clock goes on between two looks


def endless_model() -> bytes:
    """A model that counts to the greatest number there is before it gives back its frames."""
    shape = ["n", "h", "w", 3]
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["go"]), helper.make_node("Neg", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        ],
    )
    nodes = [
        helper.make_node("Cast", ["frames"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Loop", ["times", "yes", "f"], ["z"], body=body),
        helper.make_node("Cast", ["z"], ["stylized"], to=TensorProto.UINT8),
    ]
    graph = helper.make_graph(
        nodes,
        "endless",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.UINT8, shape)],
        [
            helper.make_tensor("times", TensorProto.INT64, [], [2**62]),
            helper.make_tensor("yes", TensorProto.BOOL, [], [True]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def hang(job: PreparedJob, to: Services, runs: Path, how: str, clock: list[float]) -> str:
    """Let a run hang and look at it until it is stopped; return what is wrong with that."""
    run = job.request()
    to.compute.submit(RunRequest(job.job.id, run))
    until(lambda: (runs / run / "process.json").exists())
    record = ProcessRecord.read(runs / run / "process.json")
    assert record is not None
    if how == "frozen":
        record.signal(signal.SIGSTOP)
    else:
        until(lambda: job.store.stat("work", job.names.progress(run)) is not None)
    for _ in range(round(2 * BEGINS / STEP)):
        clock[0] += STEP
        (look,) = poll(to, job.job.id, [[0, 1]])
        if look["s"] != BatchState.RUNNING:
            break
    if look.get("code") != STALLED:
        return f"the run was not stopped: {look}"
    until(lambda: not record.alive())
    (again,) = poll(to, job.job.id, [[0, 1]])
    return "" if again.get("code") == STALLED else f"a repeated look says {again}"


@pytest.mark.torture("scoring processes that are frozen or loop for ever", full=10, slice=2)
def test_a_hanging_process_is_killed_and_its_work_taken_over(
    toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, styles, clock = tmp_path / "clip.mp4", tmp_path / "styles", [1e9]
    make_clip(clip, 24, 32, 32)
    save_slow_style(styles, endless_model())
    monkeypatch.setattr(activities.stalled, "clock", lambda: clock[0])
    for number, seed in enumerate(toll.seeds()):
        how = "frozen" if number % 2 else "endless"
        style = "identity" if how == "frozen" else "slow"
        folder = tmp_path / str(seed)
        job = prepare(folder, clip, style)
        store, runs = FolderStore(folder / "store"), folder / "runs"
        compute = LocalCompute(store.uri, runs, workers=1, styles=str(styles))
        told = hang(job, Services(Settings(store.uri), store, compute), runs, how, clock)
        if not told and how == "frozen":
            run = job.request(attempt=2)
            compute.submit(RunRequest(job.job.id, run))
            until(lambda run=run, job=job: job.store.stat("work", job.names.result(run)) is not None)
            ended = job.result(run)
            told = "" if ended.state is BatchState.DONE and ended.frames_done == 24 else f"then {ended}"
            until(lambda runs=runs: not running(runs))
        left = running(runs)
        kill(runs)
        if told:
            toll.lost(f"seed {seed}, {how}: {told}")
        elif left:
            toll.leaked(f"seed {seed}, {how}: {left} processes go on")
        else:
            toll.survived()
