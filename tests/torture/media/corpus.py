"""The public test media by what is expected of them, and the checker that judges outputs."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_TINY = "g_tiny_16x16.mp4"
_TINY_COLOUR = "colour.px"  # of single pixels, which 8x8 chroma planes cannot keep, see docs/limits.md


@dataclass(frozen=True)
class Row:
    """One file of the corpus."""

    path: Path
    expected: str  # ok, refuse or either
    upload_name: str  # under which it is to be uploaded


def corpus(shared: Path, *expected: str) -> list[Row]:
    """Return the files of which one of `expected` is expected."""
    folder = shared / "corpus"
    with (folder / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        return [
            Row(folder / row["file"], row["expected"], row["blob_name"] or row["file"])
            for row in csv.DictReader(file)
            if row["expected"] in expected
        ]


def fingerprint(path: Path) -> tuple[str, int, int]:
    """Return what changes when a file is touched: hash, size and time of change."""
    status = path.stat()
    return hashlib.sha256(path.read_bytes()).hexdigest(), status.st_size, status.st_mtime_ns


def judged(shared: Path, source: Path, output: Path) -> list[str]:
    """Return the checks that an output by the identity style fails."""
    told = output.with_name(output.name + ".judged")
    checker = [sys.executable, str(shared / "tools" / "check_video.py"), str(source), str(output)]
    subprocess.run(
        [*checker, "--json", str(told), "--quiet", "--psnr-identity"], capture_output=True, timeout=600
    )
    document = json.loads(told.read_bytes())
    failed = [
        f"{name}: {why}"
        for name, verdict, why in document["rows"]
        if verdict == "FAIL" and (source.name, name) != (_TINY, _TINY_COLOUR)
    ]
    if document["rc"] not in (0, 1):
        failed.append(f"not judged ({document['rc']})")
    return failed
