"""A job of ten thousand segments on a thousand nodes that only pretend to paint."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster_cloud import Cloud, Stopwatch, cloud, machine, make_film, steady
from cluster_nodes import SimulatedNodes, note_earlier_job

STATUS_LIMIT = 8000  # characters


@dataclass(frozen=True)
class Scale:
    """What is wanted."""

    backend: str
    segments: int
    nodes: int
    seconds: tuple[float, float]  # of a start of a run, from and to
    evictions: float  # chance of a start to lose a node
    seed: int
    poll_seconds: float
    turn_seconds: float  # that no turn may take


def measure(wanted: Scale) -> dict[str, Any]:
    """Run the job and return what was measured."""
    base = Path(tempfile.mkdtemp(prefix="reelbrush-scale-"))
    before = machine()
    repeats = max(1, wanted.segments // 100)
    film = make_film(base / "long.mp4", wanted.segments // repeats, repeats)
    settings: dict[str, object] = {
        "backend": wanted.backend,
        "nodes": wanted.nodes,
        "poll_seconds": wanted.poll_seconds,
        "default_style": "starry-night",
        "vm_size": "STANDARD_NC24ADS_A100_V4",
        "vm_priority": "lowpriority",
    }
    with cloud(base / "cloud", **settings) as at:
        at.azure_ml.cluster("gpu-cluster").maximum = wanted.nodes
        low, _ = wanted.seconds
        at.azure_ml.scenario(
            seed=wanted.seed,
            evict="any",
            evict_chance=wanted.evictions,
            evict_times=9,
            evict_after=(0.2 * low, low),
            node_seconds=2.0,
            dead_nodes=1,
        )
        steady(at.azure_ml)
        nodes = SimulatedNodes(at.store, at.azure_ml, wanted.seconds)
        at.azure_ml.simulate(nodes.seconds, nodes.hook, threads=8)
        watch = Stopwatch()
        job = at.upload(film, "starry-night")
        note_earlier_job(at.store, job, 64 * 48)
        metered = at.serve([job.id])
        seconds = watch.seconds
        nodes.close()
        result = {"machine": before, "seconds": seconds} | _result(at, job.id, nodes, metered)
    shutil.rmtree(base, ignore_errors=True)  # kept where something went wrong
    return result


def _result(at: Cloud, job: str, nodes: SimulatedNodes, metered: dict[str, Any]) -> dict[str, Any]:
    turns = [turn for turn in metered["turns"] if turn["instance"] == job]
    ended, runs = metered["jobs"][job], at.azure_ml.runs()
    receipt = ended["output"] if isinstance(ended["output"], dict) else {}
    executions = {turn["execution"] for turn in turns}
    slowest = max(turns, key=lambda turn: turn["seconds"])
    seconds = sorted(turn["seconds"] for turn in turns)
    queries = queries_per_look(at, metered["looks"])
    memory = [value for _, value in metered["memory"]]
    return {
        "status": ended["status"],
        "error": None if receipt else str(ended["output"])[:500],
        "frames": receipt.get("frameCount"),
        "segments": len({segment for _, segment in nodes.published}),
        "segmentsPublishedTwice": sum(count > 1 for count in nodes.published.values()),
        "runs": len(runs),
        "nodesAtOnce": at.azure_ml.cluster("gpu-cluster").nodes,
        "nodesPerRun": max(run.nodes for run in runs),
        "evictions": sum(run.evictions for run in runs),
        "alive": sum(run.status not in ("Completed", "Failed", "Canceled") for run in runs),
        "turns": len(turns),
        "turnSeconds": {
            "median": round(seconds[len(seconds) // 2], 3),
            "p99": round(seconds[int(len(seconds) * 0.99)], 3),
            "max": round(slowest["seconds"], 3),
            "maxReplay": round(max(turn["replay"] for turn in turns), 3),
            "maxCpu": round(max(turn["cpu"] for turn in turns), 3),
            "eventsOfSlowest": slowest["events"],
        },
        "executions": len(executions),
        "historyEvents": max(turn["events"] for turn in turns),
        "inputCharacters": max(turn["input"] for turn in turns),
        "statusCharacters": max(turn["status"] for turn in turns),
        "looks": len(metered["looks"]),
        "lookSeconds": _spread(metered["activities"].get("poll_runs", [])),
        "queriesPerLook": queries,
        "payloads": dict(sorted(metered["payloads"].items(), key=lambda item: -item[1])[:6]),
        "lint": metered["findings"],
        "memoryMiB": {"start": memory[0], "peak": max(memory), "end": memory[-1]},
        "cpuSeconds": metered["cpu"],
        "activitySeconds": {
            name: _spread(metered["activities"].get(name, []))
            for name in ("split_video", "plan_job", "submit_run", "stitch_video", "finish_job")
        },
        "calls": len(at.azure_ml.calls()),
        "heartbeats": nodes.heartbeats,
        "refusedHosts": at.azure_ml.refused_hosts(),
        "bugs": [repr(bug) for bug in at.azure_ml.bugs],
        "cores": len(os.sched_getaffinity(0)),
    }


def queries_per_look(at: Cloud, looks: list[list[Any]]) -> dict[str, int]:
    """Return how many looks made how many queries for all runs of a job."""
    lists = [call for call in at.azure_ml.calls() if call.operation == "runs"]
    counts: dict[str, int] = {}
    for _, began, ended in looks:
        count = str(sum(began <= call.at <= ended for call in lists))
        counts[count] = counts.get(count, 0) + 1
    return counts


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {
        "calls": len(values),
        "median": round(ordered[len(values) // 2], 3),
        "max": round(ordered[-1], 3),
    }


def problems(result: dict[str, Any], wanted: Scale) -> list[str]:
    """Return what does not hold that has to."""
    found: list[str] = []
    if result["status"] != "Completed" or result["frames"] != wanted.segments * 48:
        found.append(f"the job ended as {result['status']} with {result['frames']} frames: {result['error']}")
    if result["turnSeconds"]["max"] >= wanted.turn_seconds:
        found.append(f"a turn took {result['turnSeconds']['max']} s")
    if result["statusCharacters"] >= STATUS_LIMIT:
        found.append(f"the status had {result['statusCharacters']} characters")
    if set(result["queriesPerLook"]) != {"1"}:
        found.append(f"queries per look: {result['queriesPerLook']}")
    if result["alive"] or result["refusedHosts"] or result["bugs"]:
        found.append(f"alive {result['alive']}, refused {result['refusedHosts']}, bugs {result['bugs']}")
    return found
