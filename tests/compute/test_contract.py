"""What every backend keeps, tried on all alike: local processes, and both SDKs against the stand-in."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from reelbrush.compute import Compute, RunRequest, RunStatus, Waiting
from reelbrush.compute.azureml import AzureMLCompute
from reelbrush.compute.azureml_v2 import AzureMLV2Compute
from reelbrush.compute.local import LocalCompute, kill, running
from reelbrush.compute.snapshot import snapshot_folder
from reelbrush.job import Batch, BatchState, run_id, to_json
from reelbrush.job.names import INPUT, WORK
from reelbrush.store import Store, open_store
from tests.compute.stub import request, settings_for, stub_code
from tests.fakes.azureml.stand_in import StandIn
from tests.scoring.jobs import PreparedJob, make_clip, prepare

BACKENDS = ("local", "azureml", "azureml-v2")
SHARED = "env:SHARED_ACCOUNT"
SEGMENTS, FRAMES = 5, 12  # of the clip; frames of each segment


@dataclass(frozen=True)
class World:
    """One backend, and how to look behind it."""

    compute: Compute
    alive: Callable[[], int]  # processes of runs

    def state(self, run: RunRequest) -> RunStatus:
        """Ask the backend about one run."""
        return self.compute.status(run.job, [run.run])[run.run]

    def until(self, run: RunRequest, *states: BatchState, seconds: float = 60) -> RunStatus:
        """Wait for one of the states and return what the backend says then."""
        end = time.monotonic() + seconds
        while True:
            asked = time.thread_time()
            if (seen := self.state(run)).state in states:
                return seen
            assert time.monotonic() < end, (seen, self.compute.log_tail(run.run))
            # asking costs an SDK more than the run that is waited for: it would take the cores from it
            time.sleep(max(0.05, 10 * (time.thread_time() - asked)))


Build = Callable[..., World]


@pytest.fixture(params=BACKENDS)
def build(
    request: pytest.FixtureRequest, azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Build]:
    """Make the backend; `code` is what it runs, `store` where runs find their work."""
    azure_ml.visit(monkeypatch)
    folders: list[Path] = []

    def built(code: Path, store: str, processes: int = 1, nodes: int = 1) -> World:
        if request.param == "local":
            monkeypatch.setenv("PYTHONPATH", str(code))
            folder = tmp_path / f"runs-{len(folders)}"
            folders.append(folder)
            local = LocalCompute(store, folder, workers=4, processes=processes * nodes)
            return World(local, lambda: running(folder))
        kind = AzureMLCompute if request.param == "azureml" else AzureMLV2Compute
        settings = settings_for(
            azure_ml, request.param, store=store, processes=processes, run_nodes=nodes, styles=""
        )
        return World(kind(settings, code=code), lambda: len(azure_ml.alive()))

    yield built
    for folder in folders:
        kill(folder)
    assert azure_ml.refused_hosts() == [] and azure_ml.invalid == []


@pytest.fixture
def stub(build: Build, tmp_path: Path) -> World:
    """The backend with runs that do what their names say."""
    return build(stub_code(tmp_path / "code"), "https://videos.blob.core.windows.net")


def test_a_run_ends_well(stub: World) -> None:
    run = request("good")
    stub.compute.submit(run)
    assert stub.until(run, BatchState.DONE) == RunStatus(run.run, BatchState.DONE)
    assert stub.compute.log_tail(run.run, 1).endswith(f"of {run.run}")
    assert stub.compute.status("job", ["never"]) == {} and stub.compute.log_tail("never") == ""


def test_a_run_fails_and_its_log_says_why(stub: World) -> None:
    run = request("fail")
    stub.compute.submit(run)
    seen = stub.until(run, BatchState.FAILED)
    assert seen.retryable and seen.error is not None and "no such model" in seen.error
    assert stub.compute.log_tail(run.run, 1) == "no such model"


def test_submitting_again_changes_nothing(stub: World) -> None:
    run = request("good")
    for _ in range(2):
        stub.compute.submit(run)
    stub.until(run, BatchState.DONE)
    stub.compute.submit(run)
    time.sleep(0.3)
    assert stub.state(run).state is BatchState.DONE
    assert stub.compute.log_tail(run.run).count(f"of {run.run}") == 1


def test_many_are_submitted_at_once(stub: World) -> None:
    runs = [request(f"{index:02d}") for index in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(stub.compute.submit, runs))
    for run in runs:
        stub.until(run, BatchState.DONE)
    assert set(stub.compute.status("job", [run.run for run in runs])) == {run.run for run in runs}


def test_cancel_stops_all_of_a_job_and_nothing_else(stub: World) -> None:
    runs = [request(f"sleep{index}") for index in range(6)]  # more than there are nodes
    other = request("sleep", job="other")
    stub.compute.submit(other)
    for run in runs:
        stub.compute.submit(run)
    stub.until(runs[0], BatchState.RUNNING)
    stub.until(other, BatchState.RUNNING)
    for _ in range(2):  # it may be repeated
        stub.compute.cancel("job", [*(run.run for run in runs), "job-never-a1"])
    for run in runs:
        stub.until(run, BatchState.CANCELED)
    assert stub.state(other).state is BatchState.RUNNING and stub.alive() == 1
    stub.compute.cancel("other")
    stub.until(other, BatchState.CANCELED)
    assert stub.alive() == 0
    stub.compute.cancel("never-seen")


def test_a_job_that_ended_is_released(stub: World) -> None:
    run = request("good")
    stub.compute.submit(run)
    stub.until(run, BatchState.DONE)
    for job in ("job", "job", "never"):
        stub.compute.release(job)


def test_it_says_why_runs_wait_and_what_is_wrong(stub: World) -> None:
    assert isinstance(stub.compute.waiting(), Waiting)
    assert all(finding.code and finding.problem and finding.fix for finding in stub.compute.preflight())


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "clip.mp4"
    make_clip(path, SEGMENTS * FRAMES, gop=FRAMES)
    return path


@dataclass(frozen=True)
class Shared:
    """A job in an account that nodes and this process reach."""

    store: Store
    work: PreparedJob

    def request(self, attempt: int) -> RunRequest:
        """Describe a run of everything."""
        run = run_id(self.work.job.id, 0, attempt)
        batch = Batch(0, 0, SEGMENTS, SEGMENTS * FRAMES)
        document = {"job": to_json(self.work.job), "batch": to_json(batch), "attempt": attempt}
        self.store.put_bytes(WORK, self.work.names.batch(run), json.dumps(document).encode())
        return RunRequest(self.work.job.id, run)

    def ledger(self) -> list[tuple[str, str]]:
        """Return sha256 and run of each segment."""
        names = [self.work.names.page(self.work.manifest.generation, index) for index in range(SEGMENTS)]
        pages = [json.loads(self.store.read_bytes(WORK, name)) for name in names]
        return [(page["sha256"], page["run"]) for page in pages]


@pytest.fixture
def shared(
    account: str, azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clip: Path
) -> Shared:
    """Put the clip and its manifest into a fresh account."""
    monkeypatch.setenv("SHARED_ACCOUNT", account)
    azure_ml.node_environment["SHARED_ACCOUNT"] = account
    work, store = prepare(tmp_path / "job", clip, segment_frames=FRAMES), open_store(SHARED)
    store.put_file(INPUT, clip.name, clip)
    for blob in work.store.list(WORK):
        store.put_bytes(WORK, blob.name, work.store.read_bytes(WORK, blob.name))
    source = store.stat(INPUT, clip.name)
    assert source is not None
    return Shared(store, replace(work, job=replace(work.job, source=source)))


FIRST: dict[str, list[str]] = {}  # what the first backend published; all others publish the same bytes


@pytest.mark.slow
def test_the_product_scores_and_a_second_run_does_what_is_missing(
    build: Build, shared: Shared, tmp_path: Path
) -> None:
    first = shared.request(1)
    code = shutil.copytree(snapshot_folder(), tmp_path / "code")  # what runs there leaves compiled files
    alone = build(code, SHARED)
    alone.compute.submit(first)
    alone.until(first, BatchState.DONE)
    before = shared.ledger()
    assert {run for _, run in before} == {first.run}
    assert FIRST.setdefault("bytes", [digest for digest, _ in before]) == [digest for digest, _ in before]
    assert "segment" in alone.compute.log_tail(first.run)

    names, lost = shared.work.names, {1, 4}
    for index in lost:
        shared.store.delete(WORK, names.page(shared.work.manifest.generation, index))
        shared.store.delete(WORK, names.segment(shared.work.manifest.generation, index))
    second = shared.request(2)
    many = build(code, SHARED, processes=2, nodes=2)
    many.compute.submit(second)
    many.until(second, BatchState.DONE)
    after = shared.ledger()
    assert [digest for digest, _ in after] == FIRST["bytes"]
    assert {index for index, (_, run) in enumerate(after) if run == second.run} == lost
    assert not [child for child in psutil.Process().children(recursive=True) if "scoring" in child.cmdline()]
