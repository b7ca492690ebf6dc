"""A source of 30 GB: what of it is read, in which pieces, and what that takes of memory and disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reelbrush.store import FolderStore
from tests.torture.large.account import Account
from tests.torture.large.films import Film, make
from tests.torture.large.sparse import Layout, spread
from tests.torture.large.test_ranges_that_fail import blob_store
from tests.torture.toll import FULL, Toll

pytestmark = pytest.mark.timeout(900)  # seconds, for machines that are busy

GB, MB = 1 << 30, 1 << 20
SIZE = 30 * GB
ISLANDS = 12
FRAMES = 18_000 if FULL else 3600
PASSES = 7  # a trial, the index, the first look, the seeks, the painter's, the stitch's, one to spare
MOST_MEMORY = 300 * MB
LARGEST_RANGE = 8 * MB


def read(uri: str, name: str, scratch: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Let a process of its own split, paint and stitch; its report."""
    scratch.mkdir()
    command = [sys.executable, "-m", "tests.torture.large.reads", uri, "input", name, str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.torture("a source of 30 GB is read in small ranges, never into memory", full=8, slice=1)
def test_thirty_gigabytes_are_read_in_small_ranges(tmp_path: Path, films: Account, toll: Toll) -> None:
    small = make(tmp_path / "small.mp4", Film(FRAMES))
    (tmp_path / "plain" / "input").mkdir(parents=True)
    os.link(small, tmp_path / "plain" / "input" / "film.mp4")
    plain = FolderStore(tmp_path / "plain")
    expected = read(plain.uri, "film.mp4", tmp_path / "expected", {})
    kinds = [(kind, front, apart) for front in (False, True) for apart in (True, False) for kind in (1, 0)]
    most, share = 0, 0.0
    for seed in toll.seeds():
        account, front, apart = kinds[(seed - 1) % len(kinds)]
        folder = tmp_path / str(seed)
        store = FolderStore(folder)
        big = store.path("input", "film.mp4")
        big.parent.mkdir(parents=True)
        needed = spread(small, big, Layout(SIZE, ISLANDS, front, apart))
        films.films["film.mp4"] = big
        films.forget()
        uri = "env:FILMS" if account else store.uri
        found = read(uri, "film.mp4", tmp_path / f"scratch-{seed}", {})
        # of each island, and of the index, the range that begins in it may end behind it
        allowed = PASSES * (needed + (ISLANDS + 4) * MB)
        got = films.sent if account else found["read"]
        what = f"seed {seed} ({'account' if account else 'folder'}, front {front}, apart {apart})"
        told = {name: found[name] for name in expected if name not in ("cpu", "peak", "read", "written")}
        if any(expected[name] != value for name, value in told.items()):
            toll.lost(f"{what}: another film than the same samples give in a small file")
        elif got > allowed:
            toll.lost(f"{what}: {got} bytes were read, {allowed} at most would do")
        elif account and (films.largest > LARGEST_RANGE or films.unconditional):
            toll.lost(f"{what}: a range of {films.largest} bytes, {films.unconditional} without If-Match")
        elif found["peak"] > MOST_MEMORY:
            toll.leaked(f"{what}: {found['peak']} bytes of memory")
        elif found["written"] > 4 * needed + 16 * MB:
            toll.leaked(f"{what}: {found['written']} bytes written to the disk")
        else:
            toll.survived()
        most, share = max(most, found["peak"]), max(share, got / SIZE)
        big.unlink()
    toll.figure("bytes read by all steps together, of 30 GB", f"{share:.2%} at most")
    toll.figure("memory of the process", f"{most / MB:.0f} MiB at most")


def test_whole_reads_would_be_seen(tmp_path: Path, films: Account) -> None:
    small = make(tmp_path / "small.mp4", Film(480))
    big = tmp_path / "big.mp4"
    needed = spread(small, big, Layout(64 * MB, 2, front=False, apart=True))
    films.films["film.mp4"] = big
    with blob_store().open("input", "film.mp4") as reader:
        while reader.read(MB):
            pass
    assert films.sent == 64 * MB > 10 * needed
    assert films.largest == LARGEST_RANGE
