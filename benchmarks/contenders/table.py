"""The rows as a Markdown table, which reads well in a terminal too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contenders.rows import Row

STAGES = ("decode", "model", "encode", "mux")
_HEADS = (
    *("contender", "CPU ms", "quartiles", "x", "wall ms", "x wall", *STAGES, "overhead", "% of gemm"),
    *("% of FMA", "MB moved", "peak MiB", "start CPU s", "PSNR dB", "frames"),
)


def table(rows: Sequence[Row]) -> str:
    """Return the table; all times per frame but the start."""
    cells = [list(_HEADS), *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADS))]
    lines = [_line(line, widths) for line in cells]
    rule = ["-" * width if not column else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([lines[0], _line(rule, widths), *lines[1:]])


def heading(machine: dict[str, Any], ceiling: dict[str, Any], clip: str, rounds: int) -> str:
    """Return the lines above the table."""
    versions = ", ".join(f"{name} {number or 'absent'}" for name, number in machine["versions"].items())
    registers = ceiling["fma_gflops"]
    fma = f"{registers:.0f} GFLOP/s (multiply-adds between registers), " if registers else ""
    return "\n".join(
        [
            f"{machine['cpu']}, {machine['cores']} cores, {' '.join(machine['flags'])}",
            f"load {machine['load']} before the first round",
            f"Python {machine['python']}, {versions}",
            f"one core reaches {fma}{ceiling['sgemm_gflops']:.0f} GFLOP/s (sgemm), "
            f"{ceiling['int8_gops']:.0f} Gop/s (int8), copies {ceiling['copy_gb_per_second']:.1f} GB/s",
            f"{clip}; {rounds} rounds, contenders in turn",
        ]
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        text.rjust(width) if number else text.ljust(width)
        for number, (text, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> list[str]:
    if row.missing:
        return [f"{row.title}: {row.missing}", *[""] * (len(_HEADS) - 1)]
    assert row.cpu_quartiles is not None and row.stages_ms is not None
    low, high = row.cpu_quartiles
    return [
        row.title,
        _number(row.cpu_ms),
        f"{low:.1f}..{high:.1f}",
        _number(row.ratio, 2),
        _number(row.wall_ms),
        _number(row.wall_ratio, 2),
        *(_number(row.stages_ms.get(name)) for name in STAGES),
        _number(row.overhead, 2),
        _number(None if row.ceiling_share is None else 100 * row.ceiling_share, 0),
        _number(None if row.fma_share is None else 100 * row.fma_share, 0),
        _number(row.megabytes, 2),
        _number(row.peak_mib, 0),
        _number(row.start_seconds, 2),
        _number(row.psnr_db),
        f"{row.frames_out} of {row.frames}",
    ]


def _number(value: float | None, places: int = 1) -> str:
    return "" if value is None else f"{value:.{places}f}"
