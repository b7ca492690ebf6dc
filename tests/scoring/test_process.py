"""`python -m scoring` as a process: exit codes, SIGTERM, kill -9 and resume, real mpirun."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reelbrush.job import BatchState
from scoring.contract import Contract
from tests.scoring.jobs import PreparedJob, make_clip, prepare
from tests.scoring.models import save_style, slow_model

ROOT = Path(__file__).resolve().parents[2]
FRAMES, SEGMENTS = 120, 10
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMI"))}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, FRAMES)
    return path


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("styles")
    save_style(folder, "slow", slow_model(12), Contract())
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, clip: Path, styles: Path) -> list[str | None]:
    prepared = prepare(tmp_path_factory.mktemp("undisturbed"), clip, "slow")
    assert finish(command(prepared, prepared.request(), styles)) == 0
    return prepared.page_hashes()


def command(prepared: PreparedJob, run: str, styles: Path, *more: str) -> list[str]:
    own = ["-m", "scoring", "--store", prepared.store.uri, "--job", prepared.job.id, "--run", run]
    return [sys.executable, *own, "--styles", str(styles), *more]


def finish(arguments: list[str]) -> int:
    done = subprocess.run(arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode


def begin(arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(arguments, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@pytest.mark.slow
def test_kill_and_resume(tmp_path: Path, clip: Path, styles: Path, undisturbed: list[str | None]) -> None:
    prepared = prepare(tmp_path, clip, "slow")
    process = begin(command(prepared, prepared.request(), styles))
    wait_for(prepared.page_path(1).exists)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    published = [i for i, digest in enumerate(prepared.page_hashes()) if digest]
    assert 2 <= len(published) < SEGMENTS
    times = [prepared.segment_path(i).stat().st_mtime_ns for i in published]
    run = prepared.request(attempt=2)
    assert finish(command(prepared, run, styles, "--threads", "2")) == 0
    assert [prepared.segment_path(i).stat().st_mtime_ns for i in published] == times
    assert prepared.page_hashes() == undisturbed
    result = prepared.result(run)
    assert result.frames_done == FRAMES
    assert result.new_frames == sum(s.frame_count for s in prepared.manifest.segments[len(published) :])


@pytest.mark.slow
@pytest.mark.parametrize(("grace", "finished"), [("30", 2), ("0", 1)])
def test_sigterm(
    tmp_path: Path, clip: Path, styles: Path, undisturbed: list[str | None], grace: str, finished: int
) -> None:
    prepared = prepare(tmp_path, clip, "slow")
    run = prepared.request()
    process = begin(command(prepared, run, styles, "--grace", grace))
    wait_for(prepared.page_path(0).exists)
    process.terminate()
    assert process.wait(60) == 75
    hashes = prepared.page_hashes()
    assert finished <= sum(digest is not None for digest in hashes) < SEGMENTS
    assert all(digest in (None, wanted) for digest, wanted in zip(hashes, undisturbed, strict=True))
    result = prepared.result(run)
    assert (result.state, result.retryable) == (BatchState.CANCELED, True)
    assert finish(command(prepared, prepared.request(attempt=2), styles)) == 0
    assert prepared.page_hashes() == undisturbed


def loads(process: subprocess.Popen[bytes], library: str) -> bool:
    """Whether the process has mapped a library of this name."""
    try:
        return library in Path(f"/proc/{process.pid}/maps").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
@pytest.mark.parametrize("library", ["_multiarray_umath", "onnxruntime"])
def test_sigterm_while_libraries_are_imported(tmp_path: Path, clip: Path, styles: Path, library: str) -> None:
    prepared = prepare(tmp_path, clip, "slow")
    run = prepared.request()
    process = begin(command(prepared, run, styles))
    wait_for(lambda: loads(process, library) or process.poll() is not None)
    process.terminate()
    assert process.wait(60) == 75
    result = prepared.result(run)
    assert (result.state, result.retryable) == (BatchState.CANCELED, True)


def test_sigterm_without_a_store(tmp_path: Path, styles: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    own = ["-m", "scoring", "--store", f"folder:{tmp_path / 'file'}", "--job", "j", "--run", "r"]
    process = begin([sys.executable, *own])
    wait_for(lambda: loads(process, "_multiarray_umath"))
    process.terminate()
    assert process.wait(60) == 75


def test_exit_codes(tmp_path: Path, clip: Path, styles: Path) -> None:
    prepared = prepare(tmp_path, clip, "no-such-style")
    assert finish(command(prepared, prepared.request(), styles)) == 3
    wrong = subprocess.run(
        [sys.executable, "-m", "scoring", "--threads", "0"], cwd=ROOT, capture_output=True, check=False
    )
    assert wrong.returncode == 2


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed")
class TestMpirun:
    """Real Open MPI, three processes."""

    launcher = ("mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "3")

    def test_shares_one_batch(
        self, tmp_path: Path, clip: Path, styles: Path, undisturbed: list[str | None]
    ) -> None:
        prepared = prepare(tmp_path, clip, "slow")
        run = prepared.request()
        assert finish([*self.launcher, *command(prepared, run, styles)]) == 0
        assert prepared.page_hashes() == undisturbed
        result = prepared.result(run)
        assert (result.state, result.frames_done, result.segments_done) == (BatchState.DONE, FRAMES, SEGMENTS)

    def test_a_failure_is_in_the_result(self, tmp_path: Path, clip: Path, styles: Path) -> None:
        prepared = prepare(tmp_path, clip, "no-such-style")
        run = prepared.request()
        assert finish([*self.launcher, *command(prepared, run, styles)]) != 0
        assert prepared.result(run).error_code == "style"

    def test_sigterm_to_the_ranks(self, tmp_path: Path, styles: Path) -> None:
        clip = tmp_path / "long.mp4"
        make_clip(clip, 180)
        prepared = prepare(tmp_path, clip, "slow")
        run = prepared.request()
        process = begin([*self.launcher, *command(prepared, run, styles)])
        wait_for(lambda: any(digest is not None for digest in prepared.page_hashes()))
        for rank in psutil.Process(process.pid).children(recursive=True):
            rank.terminate()
        assert process.wait(60) == 75
        result = prepared.result(run)
        assert (result.state, result.error_code) == (BatchState.CANCELED, "canceled")
        assert result.segments_done == sum(digest is not None for digest in prepared.page_hashes()) < 15
