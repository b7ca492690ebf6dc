"""The picture of one job: its beginning, all of it, and its end, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from lanes.events import PAINTING, lanes_of, painting
from lanes.sampler import Sample
from lanes.ways import Taken

COLOURS = {
    "decode": "#93b4f5",
    "paint": "#2563eb",
    "encode": "#f59e0b",
    "publish": "#dc2626",
    "turns": "#9ca3af",
    "functions": "#6b7280",
    "steps": "#059669",
}
STEP = 0.1  # seconds that one point of the curves averages over


def draw(path: Path, taken: Taken, title: str) -> None:
    """Draw who did what when, and how busy the cores were, to a PNG at `path`."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    rows = lanes_of(taken.spans)
    painted = painting(taken.spans)
    first, last = painted[0].until, max(span.until for span in painted)
    end = taken.published
    views = {"beginning": (0.0, first + 0.4), "all": (0.0, end), "end": (last - 0.4, end + 0.05)}
    figure, axes = plt.subplots(
        2,
        3,
        figsize=(15, 0.32 * len(rows) + 3.2),
        dpi=100,
        sharey="row",
        gridspec_kw={"height_ratios": [0.32 * len(rows), 1.6], "width_ratios": [5, 5, 3]},
    )
    marks = {"trigger": 0.0, "first frame": first, "last frame": last, "published": end}
    for column, (view, (left, right)) in enumerate(views.items()):
        above, below = axes[0][column], axes[1][column]
        _rows(above, taken, rows, left, right, named=view != "all")
        _curves(below, taken.samples, taken.trigger)
        for axis in (above, below):
            axis.set_xlim(left, right)
            for at in marks.values():
                axis.axvline(at, color="black", lw=0.8, ls=":")
        for name, at in marks.items():
            if left <= at <= right and (view != "all" or name in ("trigger", "published")):
                side = "right" if name == "last frame" or at > (left + right) / 2 else "left"
                above.text(at, -0.75, f" {name} {at:.2f} s ", ha=side, va="bottom", fontsize=8)
        below.set_xlabel(f"seconds since the trigger: {view}")
    axes[0][0].set_yticks(range(len(rows)))
    axes[0][0].set_yticklabels([_label(row) for row in rows], fontsize=8)
    axes[0][0].set_ylim(len(rows) - 0.4, -1.4)
    axes[1][0].set_ylabel("cores")
    axes[1][2].legend(loc="lower left", fontsize=8)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    figure.tight_layout()
    figure.savefig(path)


def _rows(
    axis: Any, taken: Taken, rows: Sequence[tuple[int, str]], left: float, right: float, named: bool
) -> None:
    places = {row: place for place, row in enumerate(rows)}
    shortest = (right - left) / 1500  # what is shorter could not be seen
    for row, place in places.items():
        spans = [
            s for s in taken.spans if (s.process, s.lane) == row and s.until >= left and s.since <= right
        ]
        kind = "paint" if row[1].startswith(PAINTING) else row[1]
        bars = [(span.since, max(span.seconds, shortest)) for span in spans]
        edge = "white" if kind in ("decode", "paint", "encode") and named else "none"
        axis.broken_barh(bars, (place - 0.36, 0.72), facecolors=COLOURS[kind], edgecolors=edge, lw=0.3)
        if kind == "steps" and named:
            for span in spans:
                if span.seconds > (right - left) / 30:
                    axis.text(span.since, place, f" {span.what}", va="center", fontsize=7, clip_on=True)
    axis.grid(axis="x", lw=0.3)


def _curves(axis: Any, samples: Sequence[Sample], trigger: int) -> None:
    points = _averaged(samples)
    times = [((a.at + b.at) / 2 - trigger) / 1e9 for a, b in pairwise(points)]
    spans = [(b.at - a.at) / 1e9 for a, b in pairwise(points)]
    own = [(b.own - a.own) / span for (a, b), span in zip(pairwise(points), spans, strict=True)]
    idle = [(b.idle - a.idle) / span for (a, b), span in zip(pairwise(points), spans, strict=True)]
    axis.fill_between(times, own, color="#2563eb", alpha=0.5, lw=0, label="busy for the job")
    axis.plot(times, idle, color="#dc2626", lw=1, label="idle")
    axis.set_ylim(bottom=0)
    axis.grid(lw=0.3)


def _averaged(samples: Sequence[Sample]) -> list[Sample]:
    kept = list(samples[:1])
    for sample in samples[1:]:
        if sample.at - kept[-1].at >= STEP * 1e9:
            kept.append(sample)
    return kept


def _label(row: tuple[int, str]) -> str:
    return f"host: {row[1]}" if row[0] == 0 else f"scoring {row[0]}: {row[1]}"
