"""The local backend with real processes. What they score is another test's business."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reelbrush.compute import RunRequest
from reelbrush.compute.local import LocalCompute, drain, kill, reap, running, undrain
from reelbrush.compute.overdue import END_SECONDS
from reelbrush.compute.processes import ProcessRecord
from reelbrush.compute.select import local_runs_folder
from reelbrush.job import BatchState
from tests.conftest import ROOT

# stands where `python -m scoring` finds it first: the run id says what to do
PROGRAM = """
import os, pathlib, signal, sys, time
run = sys.argv[sys.argv.index("--run") + 1]
pathlib.Path("started-" + run).touch()
print("working on", run, flush=True)
threads = sys.argv[sys.argv.index("--threads") + 1]
pathlib.Path("threads-" + run).write_text(threads)
if "tunables" in run:
    pathlib.Path(run).write_text(os.environ["GLIBC_TUNABLES"])
if "sleep" in run:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
    time.sleep(60)
if "fail" in run:
    print("no such model", flush=True)
    sys.exit(3)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scoring").mkdir()
    (tmp_path / "scoring" / "__main__.py").write_text(PROGRAM)
    (tmp_path / "scoring" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def backend(here: Path) -> LocalCompute:
    return LocalCompute("folder:/x", here / "runs", workers=2)


def wait_for(check: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)


def state(backend: LocalCompute, run: str) -> BatchState:
    return backend.status("job", [run])[run].state


def test_runs_end_as_their_process_ends(backend: LocalCompute) -> None:
    backend.submit(RunRequest("job", "good"))
    backend.submit(RunRequest("job", "fail"))
    wait_for(lambda: state(backend, "good") is BatchState.DONE)
    wait_for(lambda: state(backend, "fail") is BatchState.FAILED)
    error = backend.status("job", ["fail"])["fail"].error
    assert error is not None and "exit code 3" in error and "no such model" in error
    assert backend.status("job", ["never"]) == {}
    assert backend.log_tail("fail", 1) == "no such model"


def test_submitting_again_changes_nothing(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("job", "good"))
    wait_for(lambda: state(backend, "good") is BatchState.DONE)
    (here / "started-good").unlink()
    backend.submit(RunRequest("job", "good"))
    time.sleep(0.3)
    assert not (here / "started-good").exists()


def test_no_more_than_the_workers_run_at_once(backend: LocalCompute, here: Path) -> None:
    for name in ("sleep-1", "sleep-2", "sleep-3"):
        backend.submit(RunRequest("job", name))
    wait_for(lambda: (here / "started-sleep-2").exists())
    time.sleep(0.3)
    assert state(backend, "sleep-3") is BatchState.QUEUED
    backend.cancel("job")
    wait_for(lambda: all(state(backend, f"sleep-{i}") is BatchState.CANCELED for i in (1, 2, 3)))
    assert not (here / "started-sleep-3").exists()


def test_a_video_is_painted_from_its_beginning(here: Path) -> None:
    backend = LocalCompute("folder:/x", here / "runs", workers=1)
    drain(here / "runs")  # a busy machine may take long from one submission to the next
    for job, batch in (("one", 10), ("one", 2), ("two", 0), ("one", 0)):
        backend.submit(RunRequest(job, f"{job}-b{batch}-a1"))
        time.sleep(0.01)
    undrain(here / "runs")
    expected = ["one-b0-a1", "one-b2-a1", "one-b10-a1", "two-b0-a1"]
    wait_for(lambda: all((here / f"started-{run}").exists() for run in expected))
    assert sorted(expected, key=lambda run: (here / f"started-{run}").stat().st_mtime_ns) == expected


def test_the_next_run_begins_when_one_ends_without_waiting_for_a_look(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelbrush.compute.local.TICK", 3600.0)
    backend = LocalCompute("folder:/x", here / "runs", workers=1)
    for name in ("good-1", "good-2", "good-3"):
        backend.submit(RunRequest("job", name))
    wait_for(lambda: all(state(backend, f"good-{i}") is BatchState.DONE for i in (1, 2, 3)))


def test_who_reaps_has_waited_for_all_processes(
    backend: LocalCompute, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await_end = backend._await_end  # pyright: ignore[reportPrivateUsage]

    def come_late(child: subprocess.Popen[bytes]) -> None:
        wait_for(lambda: (here / "reaping").exists())
        time.sleep(0.1)
        await_end(child)

    monkeypatch.setattr(backend, "_await_end", come_late)
    for name in ("good", "sleep"):
        backend.submit(RunRequest("job", name))
    wait_for(lambda: (here / "started-good").exists() and (here / "started-sleep").exists())
    wait_for(lambda: len(list(here.glob("runs/*/process.json"))) == 2)
    records = [ProcessRecord.read(path) for path in here.glob("runs/*/process.json")]
    (here / "reaping").touch()
    reap(here / "runs", 0.01)
    for record in records:
        assert record is not None
        with pytest.raises(ChildProcessError):  # nobody's zombie, whose time would be lost
            os.waitpid(record.pid, os.WNOHANG)
    wait_for(lambda: state(backend, "sleep") is BatchState.FAILED)
    assert "signal 9" in str(backend.status("job", ["sleep"])["sleep"].error)  # it is known how it ended


def test_a_lone_run_gets_the_threads_of_all_workers(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("job", "good"))
    wait_for(lambda: state(backend, "good") is BatchState.DONE)
    assert (here / "threads-good").read_text() == "2"
    drain(here / "runs")
    for name in ("sleep-1", "sleep-2"):
        backend.submit(RunRequest("job", name))
    undrain(here / "runs")
    for name in ("sleep-1", "sleep-2"):
        wait_for(lambda name=name: (here / f"threads-{name}").exists())
        wait_for(lambda name=name: (here / f"threads-{name}").read_text() == "1")
    wait_for(lambda: running(here / "runs") == 2)  # who is killed is known by then
    kill(here / "runs")


def test_a_film_has_the_threads_of_all_workers_whoever_else_waits(here: Path) -> None:
    def threads(job: str) -> str:
        path = here / f"threads-{job}-sleep-b0-a1"
        return path.read_text() if path.exists() else ""

    backend = LocalCompute("folder:/x", here / "runs", workers=3)
    drain(here / "runs")
    for job, frames in (("short", 191), ("long", 192), ("next", 5000)):
        backend.submit(RunRequest(job, f"{job}-sleep-b0-a1", frames=frames))
        time.sleep(0.01)
    undrain(here / "runs")
    wait_for(lambda: threads("long") == "3" and threads("short") == "1")
    wait_for(lambda: running(here / "runs") == 2)
    backend.submit(RunRequest("more", "more-b0-a1", frames=10))
    time.sleep(0.3)
    assert not (here / "started-next-sleep-b0-a1").exists() and not (here / "started-more-b0-a1").exists()
    backend.cancel("short")
    wait_for(lambda: state(backend, "short-sleep-b0-a1") is BatchState.CANCELED)
    time.sleep(0.3)
    assert not (here / "started-next-sleep-b0-a1").exists(), "the film takes all cores"
    backend.cancel("long")
    wait_for(lambda: threads("next") == "3")
    wait_for(lambda: running(here / "runs") == 1)
    kill(here / "runs")


def test_an_adopted_film_still_takes_all_cores(here: Path) -> None:
    first = LocalCompute("folder:/x", here / "runs", workers=2)
    first.submit(RunRequest("job", "sleep-1", frames=5000))
    wait_for(lambda: running(here / "runs") == 1)
    successor = LocalCompute("folder:/x", here / "runs", workers=2)
    successor.submit(RunRequest("job", "good", frames=5000))
    time.sleep(0.3)
    assert state(successor, "good") is BatchState.QUEUED
    kill(here / "runs")
    wait_for(lambda: state(successor, "good") is BatchState.DONE)


def test_processes_of_mpi_share_the_cores_as_they_are(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelbrush.compute.local._MPIRUN", ["sh", "-c", 'shift; exec "$@"'])
    backend = LocalCompute("folder:/x", here / "runs", workers=2, processes=2)
    drain(here / "runs")
    for name in ("sleep-1", "sleep-2"):
        backend.submit(RunRequest("job", name, frames=5000))
    undrain(here / "runs")
    wait_for(lambda: running(here / "runs") == 2)
    kill(here / "runs")


def test_memory_comes_in_huge_pages_unless_somebody_else_tuned_it(
    backend: LocalCompute, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    backend.submit(RunRequest("job", "tunables-1"))
    wait_for(lambda: state(backend, "tunables-1") is BatchState.DONE)
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")
    backend.submit(RunRequest("job", "tunables-2"))
    wait_for(lambda: state(backend, "tunables-2") is BatchState.DONE)
    assert (here / "tunables-1").read_text() == "glibc.malloc.hugetlb=1"
    assert (here / "tunables-2").read_text() == "glibc.malloc.arena_max=2"


def test_cancel_spares_other_jobs(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("other", "sleep-1"))
    wait_for(lambda: (here / "started-sleep-1").exists())
    wait_for(lambda: running(here / "runs") == 1)
    backend.cancel("job")
    time.sleep(0.2)
    assert state(backend, "sleep-1") is BatchState.RUNNING
    kill(here / "runs")


def test_a_killed_process_is_a_failed_run(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("job", "sleep-1"))
    wait_for(lambda: (here / "started-sleep-1").exists() and running(here / "runs") == 1)
    kill(here / "runs")
    wait_for(lambda: state(backend, "sleep-1") is BatchState.FAILED)
    assert "signal 9" in str(backend.status("job", ["sleep-1"])["sleep-1"].error)


def test_a_run_that_never_ends_is_killed(here: Path) -> None:
    backend = LocalCompute("folder:/x", here / "runs", workers=1, run_seconds=0.5)
    backend.submit(RunRequest("job", "sleep-1"))
    wait_for(lambda: state(backend, "sleep-1") is BatchState.FAILED)


def test_being_canceled_again_gives_a_frozen_process_no_more_time(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("job", "sleep-1"))
    wait_for(lambda: (here / "started-sleep-1").exists() and running(here / "runs") == 1)
    record = ProcessRecord.read(here / "runs" / "sleep-1" / "process.json")
    assert record is not None
    os.kill(record.pid, signal.SIGSTOP)
    backend.cancel("job")
    long_ago = time.time() - END_SECONDS - 1
    os.utime(here / "runs" / "sleep-1" / "canceled", (long_ago, long_ago))
    backend.cancel("job")
    wait_for(lambda: running(here / "runs") == 0)


HOST = """
import pathlib, time
from reelbrush.compute import RunRequest
from reelbrush.compute.local import LocalCompute
LocalCompute("folder:/x", pathlib.Path("runs"), workers=1).submit(RunRequest("job", "sleep-1"))
time.sleep(60)
"""


def test_another_host_adopts_running_processes(here: Path) -> None:
    first = subprocess.Popen([sys.executable, "-c", HOST])
    wait_for(lambda: (here / "started-sleep-1").exists() and (here / "runs/sleep-1/process.json").exists())
    first.kill()
    first.wait()
    successor = LocalCompute("folder:/x", here / "runs", workers=1)
    successor.submit(RunRequest("job", "good"))
    time.sleep(0.5)
    assert state(successor, "sleep-1") is BatchState.RUNNING
    assert state(successor, "good") is BatchState.QUEUED
    kill(here / "runs")
    wait_for(lambda: state(successor, "good") is BatchState.DONE)
    assert state(successor, "sleep-1") is BatchState.CANCELED, "it is no fault of the run"


def test_draining_lets_nothing_new_begin(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("job", "sleep-1"))
    wait_for(lambda: (here / "started-sleep-1").exists() and running(here / "runs") == 1)
    drain(here / "runs")
    wait_for(lambda: running(here / "runs") == 0)
    backend.submit(RunRequest("job", "good"))
    time.sleep(0.3)
    assert state(backend, "good") is BatchState.QUEUED
    undrain(here / "runs")
    wait_for(lambda: state(backend, "good") is BatchState.DONE)


def test_a_drain_ends_with_the_process_that_wished_it(backend: LocalCompute, here: Path) -> None:
    code = "import pathlib, sys; from reelbrush.compute import local; local.drain(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(here / "runs")], check=True, cwd=ROOT)
    assert (here / "runs" / "drain").exists()
    backend.submit(RunRequest("job", "good"))
    wait_for(lambda: state(backend, "good") is BatchState.DONE)


def test_accounts_named_alike_share_no_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders: set[Path] = set()
    for port in (9, 10):
        endpoint = f"BlobEndpoint=http://127.0.0.1:{port}/a;AccountName=a;AccountKey=c2VjcmV0"
        monkeypatch.setenv("AN_ACCOUNT", endpoint)
        folders.add(local_runs_folder("env:AN_ACCOUNT"))
    assert len(folders) == 2


def test_a_reused_pid_is_another_process(tmp_path: Path) -> None:
    me = ProcessRecord.of(os.getpid())
    me.write(tmp_path / "process.json")
    assert ProcessRecord.read(tmp_path / "process.json") == me and me.alive()
    stranger = ProcessRecord(os.getpid(), me.created - 100)
    assert not stranger.alive()
    stranger.signal(signal.SIGKILL)
    assert ProcessRecord.of(2**22 + 1) == ProcessRecord(2**22 + 1, 0.0)


def test_a_run_that_cannot_be_started_has_failed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(here))
    backend = LocalCompute("folder:/x", here / "runs", workers=1, processes=2)
    assert "mpirun" in backend.preflight()[0].problem
    backend.submit(RunRequest("job", "good"))
    wait_for(lambda: state(backend, "good") is BatchState.FAILED)
    assert "could not be started" in str(backend.status("job", ["good"])["good"].error)


def test_released_runs_leave_nothing(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("job", "good"))
    backend.submit(RunRequest("other", "good-too"))
    wait_for(
        lambda: state(backend, "good") is BatchState.DONE and state(backend, "good-too") is BatchState.DONE
    )
    backend.release("job")
    assert backend.status("job", ["good"]) == {}
    assert [path.name for path in (here / "runs").iterdir()] == ["good-too"]


def test_a_run_released_before_its_process_has_gone_leaves_nothing(backend: LocalCompute, here: Path) -> None:
    backend.submit(RunRequest("job", "sleep-1"))
    wait_for(lambda: (here / "started-sleep-1").exists())
    backend.release("job")
    kill(here / "runs")
    wait_for(lambda: not list((here / "runs").iterdir()))


def test_a_run_released_while_its_process_stops_is_still_looked_after(
    backend: LocalCompute, here: Path
) -> None:
    backend.submit(RunRequest("job", "sleep-1"))
    wait_for(lambda: (here / "started-sleep-1").exists())
    record = ProcessRecord.read(here / "runs" / "sleep-1" / "process.json")
    assert record is not None
    backend.cancel("job")
    backend.release("job")
    wait_for(lambda: not psutil.pid_exists(record.pid))  # a zombie that nobody has waited for exists
    wait_for(lambda: not list((here / "runs").iterdir()))


def test_canceling_is_not_disturbed_by_runs_that_are_released(backend: LocalCompute, here: Path) -> None:
    drain(here / "runs")
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            for number in range(20):
                backend.submit(RunRequest("other", f"run-{number}"))
            backend.cancel("other")
            backend.release("other")

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(300):
            backend.cancel("job")
    finally:
        over.set()
        thread.join()


def test_preflight_names_a_folder_it_cannot_write(here: Path) -> None:
    assert LocalCompute("folder:/x", here / "runs", workers=1).preflight() == []
    assert sys.executable


def test_a_run_canceled_while_it_is_being_started_is_stopped(
    backend: LocalCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen

    def canceled_meanwhile(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        backend.cancel("job")
        return start(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("reelbrush.compute.local.subprocess.Popen", canceled_meanwhile)
    backend.submit(RunRequest("job", "sleep"))
    wait_for(lambda: state(backend, "sleep") is BatchState.CANCELED)


def test_a_store_that_is_removed_ends_the_watching_in_silence(backend: LocalCompute, here: Path) -> None:
    others = set(threading.enumerate())  # other stores may be watched
    backend.release("none")  # wakes the thread, whose failure would fail the test
    shutil.rmtree(here / "runs")
    wait_for(lambda: "local-compute" not in {thread.name for thread in {*threading.enumerate()} - others})
    assert backend.status("job", ["run"]) == {}
