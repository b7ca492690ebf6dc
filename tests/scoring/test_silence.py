"""onnxruntime tells nobody what runs: without its identifier and its queue on the disk, it sends nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from tests.conftest import ROOT

FIRST_THAT_TELLS = (1, 29)


def written(home: Path, program: str) -> list[str]:
    """Run Python code with an empty home folder and return the files that it left there."""
    home.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
    }  # it keeps silent where it knows a CI system
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)
    return sorted(path.name for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("module", ["scoring.session", "scoring.check.trials", "training.measure"])
def test_nothing_is_kept_to_be_sent(module: str, tmp_path: Path) -> None:
    program = f"import sys, {module}; assert 'onnxruntime' in sys.modules"
    assert written(tmp_path / "home", program) == []


def test_it_would_be_otherwise(tmp_path: Path) -> None:
    if tuple(int(part) for part in onnxruntime.__version__.split(".")[:2]) < FIRST_THAT_TELLS:
        pytest.skip("this onnxruntime tells nobody anything")
    assert "onnxruntime.db" in written(tmp_path / "home", "import onnxruntime")
