"""The block of lines at the end of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reelbrush.cli.progress import clock
from reelbrush.cli.quote_table import cost_text
from reelbrush.cli.status import evictions_text, quoted_cost


def summary_block(source: Path, target: Path, job: dict[str, Any], seconds: float) -> str:
    """Return a few aligned lines: input, style, wishes, frames, time, fps and what follows."""
    result, seen = job["result"], job["input"]
    frames = result["frameCount"]
    rows = [
        ("input", f"{source.name}  {seen.get('width')}x{seen.get('height')} {seen.get('codec', '')}"),
        ("style", job["style"]),
        *_options(job.get("options", {})),
        ("frames", str(frames)),
        ("time", f"{clock(seconds)} ({seconds:.1f} s)"),
        ("fps", f"{frames / max(seconds, 1e-6):.1f}"),
        ("retries", str(result.get("retries", 0))),
        ("tracks", f"{result['audioTracks']} audio, {result['subtitleTracks']} subtitles"),
        *_cost(job, result),
        *_flicker(result.get("flicker")),
        *(("note", note) for note in result.get("notes", [])),
        ("output", f"{target}  {result['sizeBytes'] / 1e6:.1f} MB"),
    ]
    return "\n".join(f"{name:<8} {text}" for name, text in rows)


def _options(wishes: dict[str, Any]) -> list[tuple[str, str]]:
    """One row of what was wished, or none for a plain job."""
    words = [name if value is True else f"{name} {value}" for name, value in wishes.items()]
    return [("options", ", ".join(words))] if words else []


def _cost(job: dict[str, Any], result: dict[str, Any]) -> list[tuple[str, str]]:
    """What was spent beside what was quoted, and nodes that were taken away; nothing without a price."""
    rows: list[tuple[str, str]] = []
    cost, quoted = result.get("cost"), quoted_cost({**job, "result": result})
    if cost is not None:
        told = f"; quoted {cost_text({**quoted, 'currency': cost['currency']})}" if quoted else ""
        rows.append(("cost", f"{cost['estimate']:g} {cost['currency']}{told}"))
    lost = evictions_text(result.get("evictions"))
    return [*rows, ("lost", lost)] if lost else rows


def _flicker(measured: dict[str, Any] | None) -> list[tuple[str, str]]:
    """One row, or none where the job's flicker could not be measured."""
    if measured is None:
        return []
    pairs = "1 pair" if measured["pairs"] == 1 else f"{measured['pairs']} pairs"
    return [("flicker", f"{measured['ratio']:.1f} times the source's, in {pairs} of frames")]
