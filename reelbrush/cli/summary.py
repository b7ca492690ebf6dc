"""The block of lines at the end of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reelbrush.cli.progress import clock


def summary_block(source: Path, target: Path, job: dict[str, Any], seconds: float) -> str:
    """Return a few aligned lines: input, frames, time, fps, retries, tracks, notes, output."""
    result, seen = job["result"], job["input"]
    frames = result["frameCount"]
    rows = [
        ("input", f"{source.name}  {seen.get('width')}x{seen.get('height')} {seen.get('codec', '')}"),
        ("style", job["style"]),
        ("frames", str(frames)),
        ("time", f"{clock(seconds)} ({seconds:.1f} s)"),
        ("fps", f"{frames / max(seconds, 1e-6):.1f}"),
        ("retries", str(result.get("retries", 0))),
        ("tracks", f"{result['audioTracks']} audio, {result['subtitleTracks']} subtitles"),
        *(("note", note) for note in result.get("notes", [])),
        ("output", f"{target}  {result['sizeBytes'] / 1e6:.1f} MB"),
    ]
    return "\n".join(f"{name:<8} {text}" for name, text in rows)
