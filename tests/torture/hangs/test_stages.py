"""Decoding, painting, encoding and publishing share a process in threads: none may leave another waiting."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path

import pytest

from reelbrush.job import BatchProgress, BatchState
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.stop import StopRequest
from tests.scoring.jobs import PreparedJob, make_clip, prepare
from tests.torture.hangs.faults import KINDS, STAGES, Fault
from tests.torture.toll import Toll

PATIENCE = 60.0  # seconds for a run of 48 small frames
_OF_A_RUN = ("decode", "infer-", "publish", "heartbeat", "ledger")
_IN_A_HEARTBEAT = [kind for kind in KINDS if kind not in ("KeyboardInterrupt", "SystemExit", "GeneratorExit")]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, 48, 32, 32)
    return path


@pytest.fixture(scope="module")
def right(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str | None]:
    """The hashes of all segments."""
    job = prepare(tmp_path_factory.mktemp("right"), clip)
    assert scored(job, 1) is not None
    return job.page_hashes()


def scored(job: PreparedJob, attempt: int, threads: int = 1) -> BatchProgress | None:
    """Run a batch of the whole job in a thread and return how it ended; None when it hangs. May raise."""
    run, ended = job.request(attempt=attempt), Future[BatchProgress]()

    def body() -> None:
        settings = RunSettings(threads=threads, providers="cpu")
        try:
            ended.set_result(run_batch(job.store, job.job.id, run, settings, Rank(), StopRequest(1)))
        except BaseException as error:
            ended.set_exception(error)

    threading.Thread(target=body, daemon=True).start()
    return ended.result() if wait([ended], PATIENCE).done else None


def faults(chance: random.Random, tries: int) -> Iterator[Fault]:
    """Yield each stage with each kind in turn, beginning anywhere, at calls by chance."""
    every = [(stage, kind) for stage in STAGES for kind in KINDS]
    chance.shuffle(every)
    for number in range(tries):
        stage, kind = every[number % len(every)]
        if stage == "heartbeat" and kind not in _IN_A_HEARTBEAT:
            stage = "decode"
        often = stage in ("decode", "paint", "sample", "encode", "count")
        first = chance.choice((0, 1, 11, 12, 30, 47)) if often else chance.choice((0, 0, 1, 3))
        yield Fault(stage, kind, 0 if stage == "source" else first, chance.choice((1, 1000)))


def threads_left() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(_OF_A_RUN)]


@pytest.mark.torture("stages of the pipeline that fail", full=450, slice=20)
def test_a_stage_that_raises_ends_the_run(
    toll: Toll, clip: Path, right: list[str | None], tmp_path: Path
) -> None:
    seed, never = toll.seeds()[0], 0
    chance = random.Random(seed)
    for number, fault in enumerate(faults(chance, toll.tries)):
        job, threads = prepare(tmp_path / str(number), clip), chance.choice((1, 2, 3))
        try:
            with fault.placed():
                ended = scored(job, 1, threads)
        except BaseException as error:
            toll.lost(f"first seed {seed}, try {number}, {fault}: {error!r} instead of a result")
            continue
        told = f"first seed {seed}, try {number}, {fault}, {threads} threads"
        never += not fault.raised
        harmless = fault.stage == "heartbeat" or not fault.raised
        if ended is None:
            toll.lost(f"{told}: the run hangs")
        elif fault.first == 0 and not fault.raised:
            toll.lost(f"{told}: nothing calls this stage any more")
        elif left := threads_left():
            toll.leaked(f"{told}: {left}")
        elif (ended.state is BatchState.DONE) != harmless:
            toll.lost(f"{told}: {ended}")
        elif not harmless and not (ended.error and ended.error_code):
            toll.lost(f"{told}: no reason is told: {ended}")
        elif (again := scored(job, 2)) is None or again.state is not BatchState.DONE:
            toll.lost(f"{told}: the next run does not finish it: {again}")
        elif job.page_hashes() != right:
            toll.lost(f"{told}: other bytes than without the fault")
        else:
            toll.survived()
    toll.figure("tries whose fault was never reached", str(never))


@pytest.mark.torture("scoring processes whose stages fail", full=20, slice=1)
def test_the_process_ends_with_a_code(toll: Toll, clip: Path, tmp_path: Path) -> None:
    chance = random.Random(toll.seeds()[0])
    stages = [stage for stage in STAGES if stage != "heartbeat"]
    for number, seed in enumerate(toll.seeds()):
        stage, kind = stages[(seed * 5) % len(stages)], chance.choice(list(KINDS))
        job = prepare(tmp_path / str(number), clip)
        run = job.request()
        script = [sys.executable, str(Path(__file__).with_name("faulty.py")), stage, kind, "0"]
        place = ["--store", job.store.uri, "--job", job.job.id, "--run", run, "--threads", "2"]
        try:
            done = subprocess.run(
                [*script, *place], capture_output=True, text=True, timeout=PATIENCE * 2, check=False
            )
        except subprocess.TimeoutExpired:
            toll.lost(f"seed {seed}: {stage} raises {kind} and the process does not end")
            continue
        told = job.result(run)
        if done.returncode == 3 and told.state is BatchState.FAILED and told.error_code:
            toll.survived()
        else:
            toll.lost(
                f"seed {seed}: {stage} raises {kind}: code {done.returncode}, {told}, {done.stderr[-300:]}"
            )
