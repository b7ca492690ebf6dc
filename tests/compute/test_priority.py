"""Scoring processes leave the machine to those who serve people."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from reelbrush.compute.processes import yield_to_others


def test_a_process_and_its_children_yield() -> None:
    code = "import subprocess, sys; sys.stdin.readline(); subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, child],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    before = os.getpriority(os.PRIO_PROCESS, 0)
    yield_to_others(process.pid, before + 5)
    group = Path(f"/proc/{process.pid}/autogroup")
    if group.exists():
        assert group.read_text().split()[-1] == str(before + 5)
    assert process.communicate("go\n", timeout=60)[0].strip() == str(before + 5)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_a_process_that_is_gone_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    yield_to_others(process.pid, 5)
