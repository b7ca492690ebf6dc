"""The projection against real orchestration: the app, an SDK and Azurite on the stand-in for the cluster.

Nodes only pretend to paint, and live `times` as fast as the clock, so that an hour passes in a minute. The
app's own steps take what they take, which is measured.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from cluster_cloud import cloud, make_film
from cluster_nodes import SECONDS_PER_FRAME, SimulatedNodes, note_earlier_job

from scaling.constants import Constants
from scaling.projection import planned, scoring
from tests.fakes.azureml.runs import RunView

FRAMES = 48  # of one segment of the film


@dataclass(frozen=True)
class Wanted:
    """A job for the stand-in."""

    segments: int  # of 48 frames
    times: float  # as fast as the clock
    poll_seconds: float = 2.0
    node_start: float = 120.0  # seconds of the nodes' time
    backend: str = "azureml-v2"


@dataclass(frozen=True)
class Observed:
    """One job as it went."""

    nodes: int
    runs: int
    seconds: float  # from the orchestrator's first turn to its last
    activities: dict[str, list[float]]  # seconds of each call
    publishing: float  # seconds of the stand-in for writing one segment


class _TimedNodes(SimulatedNodes):
    """Takes what a start of a run and its frames take, and notes how long writing them took."""

    constants = Constants()
    times = 1.0
    spent: list[tuple[float, int]]  # seconds, segments

    def seconds(self, run: RunView) -> float:
        return self.constants.run_start + self._batch(run).frame_count * SECONDS_PER_FRAME / self.times

    def hook(self, run: RunView, share: float) -> None:
        began = time.monotonic()
        super().hook(run, share)
        self.spent.append((time.monotonic() - began, self._batch(run).segment_count))


def observe(wanted: Wanted, nodes: int) -> Observed:
    """Let the app do the job on `nodes` nodes. Raises SystemExit when it does not end well."""
    base = Path(tempfile.mkdtemp(prefix="reelbrush-scaled-"))
    constants = Constants(node_start=wanted.node_start).scaled(wanted.times)
    film = make_film(base / "film.mp4", wanted.segments)
    settings: dict[str, object] = {
        "backend": wanted.backend,
        "nodes": nodes,
        "poll_seconds": wanted.poll_seconds,
        "default_style": "starry-night",
        "vm_size": "STANDARD_NC24ADS_A100_V4",
    }
    with cloud(base / "cloud", **settings) as at:
        at.azure_ml.cluster("gpu-cluster").maximum = nodes
        at.azure_ml.scenario(node_seconds=constants.node_start)
        pretended = _TimedNodes(at.store, at.azure_ml, (0.0, 0.0))
        pretended.constants, pretended.times, pretended.spent = constants, wanted.times, []
        at.azure_ml.simulate(pretended.seconds, pretended.hook, threads=8)
        job = at.upload(film, "starry-night")
        note_earlier_job(at.store, job, 64 * 48)
        metered = at.serve([job.id])
        pretended.close()
        runs = len(at.azure_ml.runs())
    shutil.rmtree(base, ignore_errors=True)
    if metered["jobs"][job.id]["status"] != "Completed":
        raise SystemExit(f"the job ended as {metered['jobs'][job.id]}")
    turns = [turn for turn in metered["turns"] if turn["instance"] == job.id]
    ended = max(turn["at"] + turn["seconds"] for turn in turns)
    publishing = sum(took for took, _ in pretended.spent) / max(1, sum(n for _, n in pretended.spent))
    seconds = ended - min(turn["at"] for turn in turns)
    return Observed(nodes, runs, seconds, metered["activities"], publishing)


def modelled(seen: Observed, wanted: Wanted, nodes: int) -> float:
    """Return the model's seconds on `nodes` nodes, the app's own steps taking what `seen` tells."""
    took = {name: median(seconds) for name, seconds in seen.activities.items()}
    constants = replace(
        Constants(node_start=wanted.node_start).scaled(wanted.times),
        submit=took["submit_run"],
        look=took["poll_runs"],
        poll=wanted.poll_seconds,
    )
    chosen = planned((FRAMES,) * wanted.segments, SECONDS_PER_FRAME, nodes)
    rate = SECONDS_PER_FRAME / wanted.times + seen.publishing / FRAMES
    scored = scoring(chosen, rate, nodes, constants, wait=constants.node_start)
    steps = ("split_video", "plan_job", "stitch_video", "finish_job")
    return sum(scored.steps.values()) + sum(took[name] for name in steps)


def predicted(one: Observed, seen: Observed, wanted: Wanted) -> tuple[float, float]:
    """Return two predictions of `seen`: blind, from the job on one node alone; and knowing its own steps.

    The second tells of the model apart from what else the machine was doing. Both add what the model leaves
    unexplained of the job on one node.
    """
    left = one.seconds - modelled(one, wanted, 1)
    return left + modelled(one, wanted, seen.nodes), left + modelled(seen, wanted, seen.nodes)
