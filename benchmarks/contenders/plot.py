"""CPU time per frame by stage, and how many times faster than the reference, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contenders.rows import REFERENCE, Row

COLOURS = {"decode": "#93b4f5", "model": "#2563eb", "encode": "#f59e0b", "rest": "#9ca3af"}


def plot(path: Path, rows: Sequence[Row], title: str) -> None:
    """Draw a bar per contender, time on a logarithmic scale of the whole, its stages as shares within."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    shown = [row for row in rows if row.cpu_ms is not None]
    figure, (times, shares) = plt.subplots(1, 2, figsize=(11, 0.6 * len(shown) + 1.4), dpi=110, sharey=True)
    for place, row in enumerate(shown):
        assert row.cpu_ms is not None and row.stages_ms is not None
        colour = "#dc2626" if row.key == REFERENCE else "#2563eb"
        times.barh(place, row.cpu_ms, color=colour, height=0.6)
        ratio = "" if row.ratio is None else f", {row.ratio:.1f}x"
        times.text(row.cpu_ms * 1.08, place, f"{row.cpu_ms:.0f} ms{ratio}", va="center", fontsize=9)
        known = {name: max(0.0, row.stages_ms.get(name, 0.0)) for name in ("decode", "model", "encode")}
        known["rest"] = max(0.0, row.cpu_ms - sum(known.values()))
        whole, left = sum(known.values()), 0.0
        for name, spent in known.items():
            shares.barh(place, 100 * spent / whole, left=left, color=COLOURS[name], height=0.6)
            left += 100 * spent / whole
    times.set(xscale="log", xlabel="CPU ms per frame", yticks=range(len(shown)))
    times.set_yticklabels([row.title for row in shown])
    spent_by_all = [row.cpu_ms or 0 for row in shown]
    times.set_xlim(min(spent_by_all) / 5, 6 * max(spent_by_all))
    times.invert_yaxis()
    times.set_title(title, loc="left", fontsize=10)
    shares.set(xlabel="% of it", xlim=(0, 100))
    kinds = [Patch(color=colour, label=name) for name, colour in COLOURS.items()]
    shares.legend(handles=kinds, loc="lower right", bbox_to_anchor=(1, 1), frameon=False, ncols=4)
    figure.tight_layout()
    figure.savefig(path)
