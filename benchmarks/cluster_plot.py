"""Draws a storm: what each node does over time, and how the work gets on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.fakes.azureml.runs import Run

DONE, LOST = "#93b4f5", "#dc2626"


@dataclass(frozen=True)
class _Start:
    begin: float  # seconds
    end: float
    lost: bool


def plot_runs(path: Path, runs: list[Run], title: str) -> None:
    """Draw a lane per node with the starts of runs, red where the node was lost, and the sums over time."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    starts = _starts(runs)
    figure, (nodes, sums) = plt.subplots(
        2, 1, figsize=(9, 5), dpi=110, sharex=True, gridspec_kw={"height_ratios": (3, 2)}
    )
    free: list[float] = []  # when each lane's last start ended
    for start in starts:
        lane = next((lane for lane, end in enumerate(free) if end <= start.begin + 0.01), len(free))
        free[lane : lane + 1] = [start.end]
        bar = nodes.barh(lane + 1, start.end - start.begin, left=start.begin, height=0.7, edgecolor="white")
        bar[0].set(facecolor=LOST if start.lost else DONE, linewidth=0.4)
    nodes.set_title(title, loc="left")
    nodes.set(ylabel="nodes", yticks=range(1, len(free) + 1))
    nodes.set_ylim(len(free) + 0.7, 0.3)
    kinds = [Patch(color=DONE, label="a run ends by itself"), Patch(color=LOST, label="it loses its node")]
    nodes.legend(handles=kinds, loc="lower right", bbox_to_anchor=(1, 1), frameon=False, ncols=2)
    for lost, colour, name in ((False, "#2563eb", "runs that ended"), (True, LOST, "nodes lost")):
        times = sorted(start.end for start in starts if start.lost is lost)
        sums.step([0.0, *times], range(len(times) + 1), where="post", color=colour, label=name)
    sums.set(xlabel="seconds since the first run", ylim=(0, None))
    sums.legend(loc="upper left", frameon=False)
    figure.tight_layout()
    figure.savefig(path)


def _starts(runs: list[Run]) -> list[_Start]:
    began = min(at for run in runs for _, at in run.history)
    found: list[_Start] = []
    for run in runs:
        for (status, at), (then, end) in zip(run.history, run.history[1:], strict=False):
            if status == "Running":
                lost = run.evictions > 0 and then not in ("Finalizing", "CancelRequested")
                found.append(_Start(at - began, end - began, lost))
    return sorted(found, key=lambda start: start.begin)
