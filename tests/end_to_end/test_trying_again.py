"""A command that could not even start its job is tried again by the next one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reelbrush.cli.work_folder import WorkFolder
from reelbrush.job import Options

Reelbrush = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.slow
def test_a_start_that_failed_is_tried_again(reelbrush: Reelbrush, clip: Path, tmp_path: Path) -> None:
    source = tmp_path / "a link to a film.mp4"
    source.symlink_to(clip)
    (tmp_path / "disk").mkdir()
    (tmp_path / "work").symlink_to(tmp_path / "disk")
    folder = WorkFolder.of(tmp_path / "work", source, "identity", Options()).folder
    (folder / "store").mkdir(parents=True)
    (folder / "store" / "work").write_text("no folder of blobs")
    command = (
        "run",
        source,
        "-o",
        tmp_path / "out.mp4",
        "--style",
        "identity",
        "--work-dir",
        tmp_path / "work",
    )
    first = reelbrush(*command)
    assert first.returncode == 4 and "could not start a job" in first.stderr, first.stderr
    assert reelbrush(*command).returncode == 4
    (folder / "store" / "work").unlink()
    last = reelbrush(*command)
    assert last.returncode == 0 and (tmp_path / "out.mp4").is_file(), last.stderr
