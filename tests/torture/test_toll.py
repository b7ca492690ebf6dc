"""The table of the torture tests tells what they counted, and no loss can hide."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = """
from tests.torture.toll import (  # noqa: F401
    pytest_collection_modifyitems, pytest_runtest_makereport, pytest_terminal_summary, toll
)
"""
TESTS = """
import pytest

@pytest.mark.torture("films", full=3, slice=2)
@pytest.mark.parametrize("kind", ["a", "b"])
def test_whole(toll, kind):
    for seed in toll.seeds():
        toll.survived()
    toll.figure("slowest", "3 s")

@pytest.mark.torture("doors")
def test_leak(toll):
    toll.leaked("a key in the log")
    toll.lost("a frame")

@pytest.mark.torture("breaks")
def test_broken(toll):
    assert 1 == 2

@pytest.mark.torture("too few", full=3, slice=2)
def test_too_few(toll):
    toll.survived()

def test_of_something_else():
    pass
"""


@pytest.mark.parametrize(("full", "tried"), [("", 4), ("full", 6)])
def test_the_table_has_a_row_for_each_test(tmp_path: Path, full: str, tried: int) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\nmarkers =\n  torture\n  timeout\n")
    (tmp_path / "test_rows.py").write_text(TESTS)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "REELBRUSH_TORTURE": full},
    )
    rows = {line.split("|")[1].strip(): line for line in ended.stdout.splitlines() if line.startswith("| ")}
    assert rows["films"] == f"| films | {tried} | {tried} | 0 | 0 | `test_rows.py::test_whole` |"
    assert rows["doors"] == "| doors | 2 | 0 | 1 | 1 | `test_rows.py::test_leak` |"
    assert rows["breaks"] == "| breaks | 0 | 0 | 1 | 0 | `test_rows.py::test_broken` |"
    assert rows["too few"] == "| too few | 1 | 0 | 1 | 0 | `test_rows.py::test_too_few` |"
    assert "- films: slowest 3 s" in ended.stdout
    assert "\nseconds of computing: " in ended.stdout
    assert "a key in the log" in ended.stdout and "assert 1 == 2" in ended.stdout
    assert ended.returncode == 1
