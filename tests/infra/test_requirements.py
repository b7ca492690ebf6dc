"""What the app and the nodes install is to be had as wheels for Linux: nothing is compiled on the way."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.absent import absent
from tests.conftest import ROOT

LINUX = "x86_64-manylinux_2_28"
NEEDED = {
    "requirements.txt": {
        "azure-functions",
        "azure-functions-durable",
        "azure-storage-blob",
        "azureml-core",
        "av",
    },
    "scoring/requirements.txt": {"av", "numpy", "onnx", "onnxruntime-gpu", "azure-storage-blob"},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "python"),
    [("requirements.txt", "3.11"), ("requirements.txt", "3.12"), ("scoring/requirements.txt", "3.11")],
)
def test_they_resolve_for_linux(file: str, python: str) -> None:
    program = Path(sys.executable).parent / "uv"
    command = [str(program), "pip", "compile", file, "--python-version", python, "--python-platform", LINUX]
    command += ["--only-binary", ":all:", "--no-python-downloads", "--quiet", "--no-header", "--no-annotate"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode and re.search(r"error sending request|dns error|Failed to fetch", done.stderr):
        absent("the package index is out of reach")
    assert done.returncode == 0, done.stderr
    found = {line.split("==")[0] for line in done.stdout.splitlines()}
    assert NEEDED[file] <= found
    assert len(found) > 20
