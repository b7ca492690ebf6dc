"""The cluster under load and under fire, against the stand-in for Azure Machine Learning.

    python benchmarks/cluster.py scale [--segments 10000] [--nodes 1000] [--backend azureml] [--json FILE]
    python benchmarks/cluster.py storm [--batches 200] [--chance 0.3] [--backend azureml] [--plot FILE]

`scale`: one job of many segments on many nodes that execute nothing; measures turns of the orchestrator,
histories, payloads, status queries and memory. `storm`: two jobs whose runs really paint, lose their nodes,
and whose calls fail; every segment has to be there once at the end. Both end with 1 when something that has
to hold does not. The app is real and in a process of its own, and so is Azurite; nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cluster_scale
import cluster_storm
from cluster_cloud import print_table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="what", required=True)
    scale, storm = commands.add_parser("scale"), commands.add_parser("storm")
    for command in (scale, storm):
        command.add_argument("--backend", choices=("azureml", "azureml-v2"), default="azureml")
        command.add_argument("--seed", type=int, default=5)
        command.add_argument("--poll-seconds", type=float, default=2.0)
        command.add_argument("--json", type=Path, help="write the numbers here")
    scale.add_argument("--segments", type=int, default=10_000)
    scale.add_argument("--nodes", type=int, default=1000)
    scale.add_argument("--run-seconds", type=float, nargs=2, default=(30.0, 90.0), metavar=("LOW", "HIGH"))
    scale.add_argument("--evictions", type=float, default=0.1, help="chance of a start to lose a node")
    scale.add_argument("--turn-seconds", type=float, default=1.0, help="that no turn may take")
    storm.add_argument("--batches", type=int, default=200, help="of two jobs together")
    storm.add_argument("--segments", type=int, default=3, help="of a batch")
    storm.add_argument("--nodes", type=int, default=6, help="of the cluster, one of which never starts")
    storm.add_argument("--chance", type=float, default=0.3, help="of a start to lose its node")
    storm.add_argument("--failing", type=float, default=0.1, help="share of calls that fail")
    storm.add_argument("--style", default="starry-night")
    storm.add_argument("--plot", type=Path, help="draw the runs over time")
    wanted = parser.parse_args()
    result, problems = _scale(wanted) if wanted.what == "scale" else _storm(wanted)
    print_table([(name, _shown(value)) for name, value in result.items()])
    if wanted.json:
        wanted.json.write_text(json.dumps({"wanted": vars(wanted), "result": result}, indent=1, default=str))
    for problem in problems:
        print(f"does not hold: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def _scale(wanted: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    low, high = wanted.run_seconds
    scale = cluster_scale.Scale(
        wanted.backend,
        wanted.segments,
        wanted.nodes,
        (low, high),
        wanted.evictions,
        wanted.seed,
        wanted.poll_seconds,
        wanted.turn_seconds,
    )
    result = cluster_scale.measure(scale)
    return result, cluster_scale.problems(result, scale)


def _storm(wanted: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    storm = cluster_storm.Storm(
        wanted.backend,
        wanted.batches,
        wanted.segments,
        wanted.nodes,
        wanted.chance,
        wanted.failing,
        wanted.style,
        wanted.seed,
        wanted.poll_seconds,
        wanted.plot,
    )
    result = cluster_storm.measure(storm)
    return result, cluster_storm.problems(result)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items())
    return (
        ", ".join(map(str, value))
        if isinstance(value, list)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


if __name__ == "__main__":
    main()
