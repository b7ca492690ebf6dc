"""Time, cost and efficiency over nodes, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scaling.constants import Constants
from scaling.films import Film, FrameCost
from scaling.fixes import MOST
from scaling.nodes import Node
from scaling.projection import efficiency, project
from scaling.report import GOAL, GOAL_NODES, cost_of

COLOURS = ("#2563eb", "#059669", "#f59e0b", "#dc2626")


def plot(
    path: Path,
    films: Sequence[Film],
    costs: Mapping[int, FrameCost],
    nodes: Sequence[Node],
    constants: Constants,
) -> None:
    """Draw a row per film: minutes, USD, efficiency. Nodes are up; what is reckoned for GPUs is dashed."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(films), 3, figsize=(11, 2.9 * len(films)), dpi=110, squeeze=False)
    for film, (minutes, usd, share) in zip(films, axes, strict=True):
        for node, colour in zip(nodes, COLOURS, strict=True):
            found = [project(film, costs[film.height], node, n, constants, cold=False) for n in MOST]
            line = {"color": colour, "ls": "-" if node.measured else "--", "lw": 1.6, "label": node.name}
            minutes.plot(MOST, [p.seconds / 60 for p in found], **line)
            usd.plot(MOST, [cost_of(p, node) for p in found], **line)
            share.plot(MOST, [efficiency(found[0], p) for p in found], **line)
        share.axhline(GOAL, color="#9ca3af", lw=0.8)
        share.axvline(GOAL_NODES, color="#9ca3af", lw=0.8)
        minutes.set(ylabel=f"{film.name}: minutes", yscale="log")
        usd.set(ylabel="USD of nodes", yscale="log")
        share.set(ylabel="T1 / (n Tn)", ylim=(0, 1.05))
        for axis in (minutes, usd, share):
            axis.set(xscale="log", xlabel="nodes", xticks=[1, 2, 5, 10, 20, 50, 100])
            axis.set_xticklabels(["1", "2", "5", "10", "20", "50", "100"])
            axis.minorticks_off()
    axes[0][0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path)
