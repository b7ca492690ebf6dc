"""The rows as bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

GOALS = {"index": 0.05, "stitch": 0.25}
"""CPU ms that these may take per frame of 720p."""


def draw(path: Path, rows: Sequence[dict[str, Any]], title: str) -> None:
    """Draw CPU ms per frame of every row on a logarithmic scale, goals as ticks."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 0.45 * len(rows) + 1.2), dpi=110)
    smallest = min(max(row["fastest"], 1e-3) for row in rows)
    for place, row in enumerate(rows):
        spent = max(row["fastest"], 1e-3)
        axes.barh(place, spent, height=0.6, color="#2563eb")
        goal = GOALS.get(row["what"])
        note = f"{spent:.3g} ms" + ("" if goal is None else f" (goal at 720p: {goal} ms)")
        note += "" if "inflation" not in row else f", {row['inflation']:.2f} of one thread"
        axes.text(spent * 1.1, place, note, va="center", fontsize=9)
    axes.set(xscale="log", xlabel="CPU ms per frame", yticks=range(len(rows)))
    axes.set_yticklabels([row["what"] for row in rows])
    axes.set_xlim(smallest / 3, 300 * max(row["fastest"] for row in rows))
    axes.invert_yaxis()
    axes.set_title(title, loc="left", fontsize=10)
    figure.tight_layout()
    figure.savefig(path)
