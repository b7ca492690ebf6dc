"""Strength and fades through the whole app."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Reelbrush = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.slow
def test_a_fade_does_not_depend_on_batches(reelbrush: Reelbrush, clip: Path, tmp_path: Path) -> None:
    digests: dict[str, str] = {}
    for name, arguments in {
        "small": "--style identity --mix starry-night --fade 1-0:04.500 --batch-frames 24",
        "large": "--style identity --mix starry-night --fade 0:01-4.5 --batch-frames 1000 --mix-share 1",
        "source": "--style identity",
        "nothing": "--style starry-night --strength 0.0",
    }.items():
        done = reelbrush("run", clip, "-o", f"{name}.mp4", *arguments.split())
        assert done.returncode == 0, done.stderr
        digests[name] = hashlib.sha256((tmp_path / f"{name}.mp4").read_bytes()).hexdigest()
    assert digests["small"] == digests["large"] != digests["source"]
    assert digests["nothing"] == digests["source"]
