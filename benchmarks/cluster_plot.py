"""Draws the runs of a storm over time."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.azureml.runs import Run

DONE, LOST, QUEUED = "#2563eb", "#dc2626", "#e5e7eb"


def plot_runs(path: Path, runs: list[Run], title: str) -> None:
    """Draw a line per run: grey while it waits, blue while it runs, red where it loses its node."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    began = min(at for run in runs for _, at in run.history)
    order = sorted(runs, key=lambda run: next((at for s, at in run.history if s == "Running"), began))
    figure, axis = plt.subplots(figsize=(9, 6), dpi=110)
    for row, run in enumerate(order):
        for (status, at), (then, end) in zip(run.history, run.history[1:], strict=False):
            if status == "Queued":
                axis.plot([at - began, end - began], [row, row], color=QUEUED, linewidth=0.8, zorder=1)
            elif status == "Running":
                lost = run.evictions > 0 and then not in ("Finalizing", "CancelRequested")
                colour = LOST if lost else DONE
                axis.plot([at - began, end - began], [row, row], color=colour, linewidth=1.6, zorder=2)
                if lost:
                    axis.plot([end - began], [row], marker="x", color=LOST, markersize=3.5, zorder=3)
    axis.set(xlabel="seconds", ylabel="runs, in the order of their start", title=title)
    axis.set_ylim(len(order), -1)
    kinds = (("waits for a node", QUEUED), ("runs", DONE), ("loses its node", LOST))
    marks = [Line2D([], [], color=colour, linewidth=2, label=name) for name, colour in kinds]
    axis.legend(handles=marks, loc="lower left", frameon=False)
    figure.tight_layout()
    figure.savefig(path)
