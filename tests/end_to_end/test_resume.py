"""Crashes and interruptions: nothing that was published is lost, and the output's bytes stay the same."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.conftest import save_slow_style
from tests.torture.toll import Toll

Reelbrush = Callable[..., subprocess.CompletedProcess[str]]


def start(folder: Path, clip: Path, *options: str) -> subprocess.Popen[str]:
    """Start a run whose model is slow enough to be interrupted."""
    command = [
        sys.executable,
        "-m",
        "reelbrush",
        "run",
        str(clip),
        "-o",
        "out.mp4",
        "--style",
        "slow",
        *options,
    ]
    environment = {
        **os.environ,
        "REELBRUSH_POLL_SECONDS": "0.2",
        "REELBRUSH_STYLES": str(folder.parent / "styles"),
    }
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def pages(folder: Path) -> dict[str, int]:
    """Return the published ledger pages with their times of change."""
    found = folder.glob("out.reelbrush/*/store/work/*/*/segments/*.json")
    return {path.name: path.stat().st_mtime_ns for path in found}


def wait_for_pages(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 90
    while len(pages(folder)) < count and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.02)


def scoring_processes(folder: Path) -> list[psutil.Process]:
    marker = str(folder)
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "scoring" in line and any(marker in part for part in line):
            found.append(process)
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, long_clip: Path, slow_model: bytes) -> str:
    """The sha256 of the output of a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    folder.mkdir()
    save_slow_style(folder.parent / "styles", slow_model)
    process = start(folder, long_clip)
    _, errors = process.communicate(timeout=150)
    assert process.returncode == 0, errors
    return digest(folder)


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "out.mp4").read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("slow_style")
@pytest.mark.torture("the command and its scorers killed ten times, and given again", full=6, slice=1)
def test_killed_hosts_and_scorers_lose_nothing(
    toll: Toll, tmp_path: Path, long_clip: Path, undisturbed: str
) -> None:
    kills = Counter[str]()
    for seed in toll.seeds():
        folder = tmp_path / f"killed-{seed}"
        folder.mkdir()
        killed = killed_again_and_again(folder, long_clip, random.Random(seed))
        kills += killed
        if digest(folder) == undisturbed:
            toll.survived()
        else:
            toll.lost(f"seed {seed}: other bytes than undisturbed after {dict(killed)}")
    toll.figure("killed", ", ".join(f"{count} {what}" for what, count in sorted(kills.items())))


def killed_again_and_again(folder: Path, long_clip: Path, dice: random.Random) -> Counter[str]:
    """Kill the command or one of its scorers at random moments, ten times; let it end. Return the kills."""
    kills = Counter[str]()
    process = start(folder, long_clip)
    while kills.total() < 10 and process.poll() is None:
        time.sleep(dice.uniform(0.2, 1.8))
        victims = scoring_processes(folder)
        if victims and dice.random() < 0.5:
            with suppress(psutil.NoSuchProcess):  # it has just ended by itself
                dice.choice(victims).kill()
                kills["scorer"] += 1
        else:
            process.kill()
            process.communicate()
            kills["host"] += 1
            process = start(folder, long_clip)
    _, errors = process.communicate(timeout=240)
    if process.returncode == 1:  # three kills of one batch before it had published anything fail the job
        process = start(folder, long_clip)
        _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert kills.total() >= 4, kills
    return kills


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("slow_style")
def test_ctrl_c_finishes_running_segments_and_the_same_command_resumes(
    tmp_path: Path, long_clip: Path, undisturbed: str
) -> None:
    folder = tmp_path / "interrupted"
    folder.mkdir()
    process = start(folder, long_clip, "--workers", "1")
    wait_for_pages(folder, 1, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=150)
    assert process.returncode == 130, errors
    assert "resumes" in errors and not scoring_processes(folder)
    kept = pages(folder)
    assert kept
    again = start(folder, long_clip, "--keep")
    _, errors = again.communicate(timeout=150)
    assert again.returncode == 0, errors
    after = pages(folder)
    assert {name: after[name] for name in kept} == kept, "published segments are not done again"
    assert digest(folder) == undisturbed


@pytest.mark.slow
def test_a_second_ctrl_c_stops_at_once(tmp_path: Path, long_clip: Path, slow_style: Path) -> None:
    folder = tmp_path / "stopped"
    folder.mkdir()
    process = start(folder, long_clip, "--workers", "1")
    wait_for_pages(folder, 1, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.communicate(timeout=30)
    assert process.returncode == 130 and time.monotonic() - began < 10
    while scoring_processes(folder):  # a killed process is not gone at once
        assert time.monotonic() - began < 15
        time.sleep(0.05)
