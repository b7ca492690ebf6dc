"""Two jobs whose runs lose their nodes, and whose calls fail, until every segment is there once."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster_cloud import Cloud, Stopwatch, cloud, machine, make_film, steady
from cluster_preempt import SEGMENT, Preemption

from reelbrush.job import LedgerPage, Manifest, WorkNames
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from tests.fakes.azureml.runs import RunView

FRAMES = 48  # of a segment
SIZE = "160x96"
GRACE = 0.5  # seconds from SIGTERM to SIGKILL: too short for the segment in flight, so that work is lost


@dataclass(frozen=True)
class Storm:
    """What is wanted."""

    backend: str
    batches: int  # of two jobs together
    segments: int  # of a batch
    nodes: int  # of the cluster; one never starts
    chance: float  # of a start to lose its node
    failing: float  # share of calls that fail, half of them with 503, half after their effect
    style: str
    seed: int
    poll_seconds: float
    plot: Path | None


def measure(wanted: Storm) -> dict[str, Any]:
    """Run the jobs and return what was measured."""
    base = Path(tempfile.mkdtemp(prefix="reelbrush-storm-"))
    before = machine()
    per_job = wanted.batches // 2
    settings: dict[str, object] = {
        "backend": wanted.backend,
        "nodes": wanted.nodes,
        "batch_frames": wanted.segments * FRAMES,
        "poll_seconds": wanted.poll_seconds,
        "vm_priority": "lowpriority",
    }
    with cloud(base / "cloud", **settings) as at:
        at.azure_ml.cluster("gpu-cluster").maximum = wanted.nodes
        at.azure_ml.scenario(
            seed=wanted.seed,
            grace_seconds=GRACE,
            chances={"503": wanted.failing / 2, "lost": wanted.failing / 2},
            dead_nodes=1,
        )
        steady(at.azure_ml)
        films = [make_film(base / f"storm-{n}.mp4", per_job * wanted.segments, size=SIZE) for n in (1, 2)]
        watch = Stopwatch()
        jobs = [at.upload(film, wanted.style).id for film in films]
        preemption = Preemption(at.azure_ml, wanted.seed, wanted.chance)
        preemption.start()
        metered = at.serve(jobs)
        seconds = watch.seconds
        preemption.close()
        result = {"machine": before, "seconds": seconds} | _result(at, jobs, metered, preemption.drawn)
        if wanted.plot:
            from cluster_plot import plot_runs

            title = (
                f"{result['batches']} batches, {result['preempted']} of {result['starts']} starts preempted"
            )
            plot_runs(wanted.plot, list(at.azure_ml.service.runs.values()), title)
    shutil.rmtree(base, ignore_errors=True)  # kept where something went wrong
    return result


def _result(at: Cloud, jobs: list[str], metered: dict[str, Any], drawn: int) -> dict[str, Any]:
    runs, calls = at.azure_ml.runs(), at.azure_ml.calls()
    ledgers = [_ledger(at, job) for job in jobs]
    scored = _scored(at)
    again = sum(count - 1 for count in scored.values())
    evictions = sum(run.evictions for run in runs)
    starts = sum(run.starts for run in runs)
    spent = [metered["jobs"][job] for job in jobs]
    faces = Counter(_face(run.statuses) for run in runs if run.evictions)
    batches = max(1, len({run.id.rsplit("-a", 1)[0] for run in runs}))
    segments = sum(ledger["segments"] for ledger in ledgers)
    faults = Counter(call.fault for call in calls if call.fault)
    turns = metered["turns"]
    return {
        "jobs": {job: ended["status"] for job, ended in zip(jobs, spent, strict=True)},
        "frames": [ended["output"].get("frameCount") for ended in spent if isinstance(ended["output"], dict)],
        "batches": batches,
        "segments": segments,
        "segmentsInLedger": sum(ledger["pages"] for ledger in ledgers),
        "segmentsUnproven": sum(ledger["unproven"] for ledger in ledgers),
        "runs": len(runs),
        "starts": starts,
        "runSeconds": sorted(round(run.running_seconds / max(1, run.starts), 1) for run in runs)[
            len(runs) // 2
        ],
        "preemptionsDrawn": drawn,
        "preempted": evictions,
        "preemptedShare": round(evictions / max(1, starts), 3),
        "facesOfPreemptedRuns": dict(faces),
        "segmentsScoredAgain": again,
        "segmentsOfABatch": round(segments / batches, 2),
        "batchesRedonePerPreemption": {
            "wholeSegments": round(again / max(1, evictions) / (segments / batches), 3),
            # every preempted start may have lost one more that was not whole yet
            "atMost": round((again + evictions) / max(1, evictions) / (segments / batches), 3),
        },
        "mostRedoneOfABatch": _most_redone(runs, at, scored),
        "calls": len(calls),
        "callsFailed": dict(faults),
        "callsFailedShare": round(sum(faults.values()) / max(1, len(calls)), 3),
        "deadNodes": at.azure_ml.cluster("gpu-cluster").dead,
        "alive": [run for run, _ in at.azure_ml.alive()],
        "turnSeconds": {
            "max": round(max(turn["seconds"] for turn in turns), 3),
            "maxCpu": round(max(turn["cpu"] for turn in turns), 3),
        },
        "historyEvents": max(turn["events"] for turn in turns),
        "refusedHosts": at.azure_ml.refused_hosts(),
        "bugs": [repr(bug) for bug in at.azure_ml.bugs],
    }


def _ledger(at: Cloud, job: str) -> dict[str, int]:
    """Return how many segments the manifest has, how many of them have one page, how many pages lie."""
    names = WorkNames(job)
    manifest = read_document(Manifest, at.store.read_bytes(WORK, names.manifest))
    prefix = names.segments(manifest.generation)
    pages: Counter[int] = Counter()
    unproven = 0
    for blob in at.store.list(WORK, prefix):
        if blob.name.endswith(".json"):
            page = read_document(LedgerPage, at.store.read_bytes(WORK, blob.name))
            pages[page.segment] += 1
            file = at.store.stat(WORK, names.segment(manifest.generation, page.segment))
            frames = manifest.segments[page.segment].frame_count
            unproven += file is None or file.size != page.size or frames != page.frame_count
    missing = sum(pages[segment.index] != 1 for segment in manifest.segments)
    return {
        "segments": len(manifest.segments),
        "pages": sum(pages.values()),
        "unproven": unproven + missing,
    }


def _scored(at: Cloud) -> Counter[tuple[str, int]]:
    """Return how often each segment of each job was encoded, by the logs of all nodes."""
    counts: Counter[tuple[str, int]] = Counter()
    for run in at.azure_ml.runs():
        for text in at.azure_ml.logs(run.id).values():
            for found in SEGMENT.finditer(text):
                counts[run.tags.get("job") or run.id.rsplit("-b", 1)[0], int(found[1])] += 1
    return counts


def _most_redone(runs: list[RunView], at: Cloud, scored: Counter[tuple[str, int]]) -> float:
    """Return the largest number of segments scored again per preemption of one batch's runs."""
    again: dict[tuple[str, int], int] = defaultdict(int)
    lost: Counter[tuple[str, int]] = Counter()
    size: dict[str, int] = {}
    for run in runs:
        job, _, rest = run.id.rpartition("-b")
        lost[job, int(rest.partition("-")[0])] += run.evictions
        size[job] = max(size.get(job, 0), int(rest.partition("-")[0]) + 1)
    segments = {job: 1 + max(index for of, index in scored if of == job) for job in size}
    for (job, index), count in scored.items():
        again[job, index * size[job] // segments[job]] += count - 1
    return max((count / max(1, lost[batch]) for batch, count in again.items()), default=0.0)


def _face(statuses: tuple[str, ...]) -> str:
    if statuses.count("Running") > 1:
        return "requeued"
    return statuses[-1].lower()


def problems(result: dict[str, Any]) -> list[str]:
    """Return what does not hold that has to."""
    found: list[str] = []
    if set(result["jobs"].values()) != {"Completed"}:
        found.append(f"jobs ended as {result['jobs']}")
    if result["segmentsInLedger"] != result["segments"] or result["segmentsUnproven"]:
        found.append("not every segment is in the ledger exactly once")
    if (
        result["batchesRedonePerPreemption"]["atMost"] > 1
        or result["mostRedoneOfABatch"] > result["segmentsOfABatch"]
    ):
        found.append("more than a batch was done again per preemption")
    if result["alive"] or result["refusedHosts"] or result["bugs"]:
        found.append(f"alive {result['alive']}, refused {result['refusedHosts']}, bugs {result['bugs']}")
    return found
