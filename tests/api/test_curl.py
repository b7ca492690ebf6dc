"""A whole job driven by curl alone, over a folder and over a storage account."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from tests.azurite_account import azurite

SCRIPT = Path(__file__).parent / "curl_job.sh"


@contextmanager
def served(folder: Path, *options: str, **environment: str) -> Iterator[str]:
    """Run `reelbrush serve` and yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reelbrush", "serve", str(folder), "--port", "0", *options],
        env={**os.environ, "REELBRUSH_POLL_SECONDS": "0.5", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if (found := re.search(r"http://127\.0\.0\.1:[0-9]+", line)) and "serving" in line:
            break
    else:
        pytest.fail("".join(lines))
    try:
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def drive(base: str, tiny: bytes, folder: Path) -> None:
    """Repaint a clip whose name needs quoting, by the script, and count the frames that come back."""
    clip, out = folder / "clip.mp4", folder / "out.mp4"
    clip.write_bytes(tiny)
    done = subprocess.run(
        ["bash", str(SCRIPT), base, str(clip), "my clip (é).mp4", str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"my-clip-e-[0-9a-f]{10}", done.stdout.strip())
    with av.open(str(out)) as made:
        assert sum(1 for _ in made.decode(video=0)) == 12


@pytest.mark.slow
def test_over_a_folder(tmp_path: Path, tiny: bytes) -> None:
    with served(tmp_path / "store") as base:
        drive(base, tiny, tmp_path)


@pytest.mark.slow
def test_over_a_storage_account(tmp_path: Path, tiny: bytes) -> None:
    with (
        azurite(tmp_path / "azurite") as connection,
        served(tmp_path / "data", "--store", "env:ACCOUNT", ACCOUNT=connection) as base,
    ):
        drive(base, tiny, tmp_path)
